"""An alternative tracker: detection around each face in every frame.

A square of twice the face's side is shrunk to 64 pixels, which costs about 1/15 of a detection on
the whole frame. It is an alternative to optical flow; `python -m benchmarks.following` compares.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import Box, Detection, FaceDetector, Frame, Track
from fer_edge.runtime.detection.overlap import match, match_nearest

_REACH = 2.0
_REGION_PX = 64
_NEW_SHARE = 0.6
_MOST_FACES = 4
"""With more faces, a detection on the whole frame is cheaper."""


class RegionTracker:
    """Tracks faces by detection only; a track ends when both kinds of detection miss it."""

    def __init__(self, detector: FaceDetector, near: FaceDetector, *, every: int) -> None:
        """Start without faces.

        Args:
            detector: Detector for the whole frame.
            near: Detector for a region, with a lower minimum score.
            every: Interval of detections on the whole frame, in frames.
        """
        self._detector, self._near, self._every = detector, near, every
        self._tracks: list[Track] = []
        self._last_number = 0
        self._wait = 0

    def follow(self, frame: Frame) -> list[Track]:
        """Return the faces in the next frame."""
        image = frame.image
        self._wait -= 1
        if 0 < len(self._tracks) <= _MOST_FACES:
            kept, lost, _ = self._pair(self._tracks, self._around(image), near=False)
        else:
            kept, lost = [], self._tracks
        if self._wait <= 0 or lost:
            self._wait = self._every
            kept, _, new = self._pair([*kept, *lost], self._detector.detect(image), near=True)
            for face in new:
                self._last_number += 1
                kept.append(Track(self._last_number, face.box, face.score))
        self._tracks = kept
        return list(kept)

    def _around(self, image: NDArray[np.uint8]) -> list[Detection]:
        found = []
        for track in self._tracks:
            box = track.box
            side = _REACH * max(box.width, box.height)
            left = (box.left + box.right - side) / 2
            top = (box.top + box.bottom - side) / 2
            scale = _REGION_PX / side
            view = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
            small, factor = _halved(image, scale)
            view[:, :2] *= factor
            region = cv2.warpAffine(small, view, (_REGION_PX, _REGION_PX))
            for face in self._near.detect(region.astype(np.uint8, copy=False)):
                x0, y0, x1, y1 = (edge / scale for edge in face.box.edges)
                found.append(Detection(Box(left + x0, top + y0, left + x1, top + y1), face.score))
        return found

    def _pair(
        self, tracks: list[Track], faces: list[Detection], *, near: bool
    ) -> tuple[list[Track], list[Track], list[Detection]]:
        kept = []
        for pair in (match, match_nearest) if near else (match,):
            pairs = pair([track.box for track in tracks], [face.box for face in faces])
            kept += [_moved(tracks[one], faces[other]) for one, other in pairs]
            ones, others = {one for one, _ in pairs}, {other for _, other in pairs}
            tracks = [track for at, track in enumerate(tracks) if at not in ones]
            faces = [face for at, face in enumerate(faces) if at not in others]
        return kept, tracks, faces


def _moved(track: Track, face: Detection) -> Track:
    edges = [
        (1 - _NEW_SHARE) * old + _NEW_SHARE * new
        for old, new in zip(track.box.edges, face.box.edges, strict=True)
    ]
    return Track(track.number, Box(*edges), face.score)


def _halved(image: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], float]:
    """Subsample by a power of two before shrinking; return the image and the factor."""
    step = 2 ** max(0, int(np.log2(0.5 / scale))) if scale < 0.5 else 1
    return np.ascontiguousarray(image[::step, ::step]), float(step)
