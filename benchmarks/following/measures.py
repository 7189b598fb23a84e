"""Quality metrics of tracking."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_edge import Box, Track

from .made_clip import KnownFrame

_SAME_FACE = 0.3
_NO_FACE = 0.2


@dataclass(frozen=True, slots=True)
class Known:
    """Tracks compared with the known faces.

    Attributes:
        overlap: Mean intersection over union of a face and its track.
        jitter: Root mean square of the motion of a box relative to its face, from one frame to the
            next, in heights of the face.
        missed_share: Share of all visible faces that were missed.
        switches: Number of identity switches.
        false_tracks: Number of boxes without a face, over all frames.
    """

    overlap: float
    jitter: float
    missed_share: float
    switches: int
    false_tracks: int

    def describe(self) -> str:
        """Format the figures in one line."""
        return (
            f"jitter {self.jitter:.4f}, overlap {self.overlap:.3f}, missed "
            f"{self.missed_share:.1%}, {self.switches} switches, {self.false_tracks} false boxes"
        )


def against_known(tracks: Sequence[Sequence[Track]], clip: Sequence[KnownFrame]) -> Known:
    """Evaluate tracks, one list per frame, against a clip with known faces."""
    overlaps, moves = [], []
    missed = asked = switches = false_tracks = 0
    numbers: dict[int, int] = {}
    before: dict[int, np.ndarray] = {}
    for found, known in zip(tracks, clip, strict=True):
        boxes = [Box(*map(float, box)) for box in known.boxes]
        now: dict[int, np.ndarray] = {}
        for face in known.visible():
            asked += 1
            best = max(found, key=lambda track: _overlap(boxes[face], track.box), default=None)
            share = 0.0 if best is None else _overlap(boxes[face], best.box)
            if best is None or share < _SAME_FACE:
                missed += 1
                continue
            overlaps.append(share)
            switches += numbers.get(face, best.number) != best.number
            numbers[face] = best.number
            now[face] = (np.array(best.box.edges) - known.boxes[face]) / boxes[face].height
            if face in before:
                moves.append(now[face] - before[face])
        before = now
        false_tracks += sum(
            all(_overlap(box, track.box) < _NO_FACE for box in boxes) for track in found
        )
    return Known(
        overlap=float(np.mean(overlaps)),
        jitter=float(np.sqrt(np.mean(np.square(moves)))),
        missed_share=missed / max(asked, 1),
        switches=switches,
        false_tracks=false_tracks,
    )


def jitter(tracks: Sequence[Sequence[Track]]) -> float:
    """Return the jitter of boxes if the faces are not known.

    It is the root mean square of the change of a box's speed from frame to frame, in heights of the
    box; a face itself moves smoothly.
    """
    paths: dict[int, dict[int, np.ndarray]] = defaultdict(dict)
    for index, found in enumerate(tracks):
        for track in found:
            paths[track.number][index] = np.array(track.box.edges)
    changes = [
        (path[at - 1] - 2 * path[at] + path[at + 1]) / (path[at][3] - path[at][1])
        for path in paths.values()
        for at in path
        if at - 1 in path and at + 1 in path
    ]
    return float(np.sqrt(np.mean(np.square(changes)))) if changes else float("nan")


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    common = max(width, 0.0) * max(height, 0.0)
    return common / (one.area + other.area - common)
