"""A face that is tracked from frame to frame, confirmed by detections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box

from ..detection.detector import Detection
from ..detection.overlap import overlap
from .scene import Scene

# Part of a detection's box, relative to the track's: a detector's boxes vary on a still face. If
# they overlap less than this variation explains, the face has moved.
_BOX_WEIGHT = 0.6
_TREMBLE_OVERLAP = 0.85


@dataclass(slots=True, eq=False)
class FollowedFace:
    """A tracked face; boxes and corners are in pixels of the gray image.

    Attributes:
        number: Number of the track.
        box: Current position, or the position where it was lost.
        score: Score of its last detection.
        detections: Number of its detections.
        misses: Number of detections in a row that missed it.
        corners: Its corners in the last gray image; None if not computed yet.
        is_lost: Whether the flow has lost it.
        gone_s: Time of the first frame without it; 0 while it is visible.
        scene: Scene in which it was lost, if another one followed: it only returns to this one.
    """

    number: int
    box: Box
    score: float
    detections: int = 1
    misses: int = 0
    corners: NDArray[np.float32] | None = None
    is_lost: bool = False
    gone_s: float = 0.0
    scene: Scene | None = None

    def confirm(self, face: Detection) -> None:
        """Update from a detection; a box at the same place is smoothed."""
        has_moved = overlap(self.box, face.box) < _TREMBLE_OVERLAP
        self.box = face.box if has_moved else _blend(self.box, face.box)
        self.score = face.score
        self.detections += 1
        self.misses, self.corners, self.is_lost = 0, None, False
        self.gone_s, self.scene = 0.0, None


def confirm_matches(
    followed: list[FollowedFace],
    faces: list[Detection],
    pair: Callable[[Sequence[Box], Sequence[Box]], list[tuple[int, int]]],
) -> tuple[list[FollowedFace], list[Detection]]:
    """Confirm the tracks that match a face; returns the tracks and the remaining faces."""
    pairs = pair([face.box for face in followed], [face.box for face in faces])
    for one, other in pairs:
        followed[one].confirm(faces[other])
    ones, others = {one for one, _ in pairs}, {other for _, other in pairs}
    return (
        [face for at, face in enumerate(followed) if at not in ones],
        [face for at, face in enumerate(faces) if at not in others],
    )


def _blend(old: Box, new: Box) -> Box:
    kept, taken = 1 - _BOX_WEIGHT, _BOX_WEIGHT
    return Box(
        kept * old.left + taken * new.left,
        kept * old.top + taken * new.top,
        kept * old.right + taken * new.right,
        kept * old.bottom + taken * new.bottom,
    )
