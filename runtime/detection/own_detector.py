"""A detector from the caller's function, from an image to boxes."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box

from .detector import Detection, FaceDetector

OwnDetector = Callable[[NDArray[np.uint8]], Iterable[object]]
"""From uint8 (height, width, 3) BGR to boxes in pixels of this image: each (left, top, right,
bottom), a `Box`, or a `Detection`, which also has a score."""


class CallableDetector:
    """Finds faces with the caller's function."""

    def __init__(self, find: OwnDetector, *, min_score: float = 0.0) -> None:
        """Store the function.

        Args:
            find: Function from an image to boxes.
            min_score: Lowest score of detections; boxes without a score have 1.
        """
        self._find = find
        self._min_score = min_score

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find the faces in an image; see `FaceDetector`.

        Raises:
            DetectorError: The function did not return boxes.
        """
        if not image.size:
            return []
        boxes = self._find(image)
        if not isinstance(boxes, Iterable):
            raise DetectorError(
                f"expected boxes from the detector, got {type(boxes).__name__}; "
                "return a list, which is empty if there is no face"
            )
        found = map(_as_detection, boxes)
        return [detection for detection in found if detection.score >= self._min_score]


def as_detector(given: FaceDetector | OwnDetector, *, min_score: float = 0.0) -> FaceDetector:
    """Return a detector object unchanged, and a function as a detector.

    Raises:
        DetectorError: It is neither, or a class instead of an object.
    """
    if not isinstance(given, type):
        if hasattr(given, "detect"):
            return given
        if callable(given):
            return CallableDetector(given, min_score=min_score)
    got = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
    raise DetectorError(
        "expected a detector's name, a function from an image to boxes or an object with "
        f"detect(image), got {got}"
    )


def _as_detection(given: object) -> Detection:
    box, score = (given.box, given.score) if isinstance(given, Detection) else (given, 1.0)
    try:
        # NumPy's numbers become Python's, since JSON only supports those
        edges: Any = box.edges if isinstance(box, Box) else box
        left, top, right, bottom = map(float, edges)
    except (TypeError, ValueError) as error:
        raise DetectorError(
            f"expected boxes of (left, top, right, bottom) from the detector, got {given!r:.80}"
        ) from error
    if not all(map(math.isfinite, (left, top, right, bottom, score))):
        raise DetectorError(f"expected finite numbers from the detector, got {given!r:.80}")
    return Detection(Box(left, top, right, bottom), float(score))
