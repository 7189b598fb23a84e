"""A detector from another package's or the caller's function or object, with checked results."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box

from .detector import Detection, FaceDetector, WholeFrame

OwnDetector = Callable[[NDArray[np.uint8]], Iterable[object]]
"""From uint8 (height, width, 3) BGR to boxes in pixels of this image: each (left, top, right,
bottom), a `Box`, or a `Detection`, which also has a score."""


class CheckedDetector:
    """Finds faces with a function, and checks what it returns."""

    def __init__(self, find: OwnDetector, *, min_score: float | None, name: str) -> None:
        """Store the function.

        Args:
            find: Function from an image to boxes.
            min_score: Lowest score of detections; None keeps all. Boxes without a score have 1.
            name: Name of the detector, for messages.
        """
        self._find = find
        self._min_score = min_score
        self._name = name

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
                f"expected boxes from {self._name}, got {type(boxes).__name__}; "
                "return a list, which is empty if there is no face"
            )
        found = [_as_detection(box, self._name) for box in boxes]
        least = self._min_score
        return found if least is None else [face for face in found if face.score >= least]


class CheckedShrinkingDetector(CheckedDetector):
    """A `CheckedDetector` of a detector that shrinks images itself; see `ShrinkingDetector`."""

    def __init__(
        self, find: OwnDetector, long_side_px: int, *, min_score: float | None, name: str
    ) -> None:
        """Store the function, and the long side to which it shrinks images."""
        super().__init__(find, min_score=min_score, name=name)
        self.long_side_px = long_side_px


def as_detector(
    given: FaceDetector | OwnDetector,
    *,
    min_score: float | None = None,
    name: str = "the detector",
) -> FaceDetector:
    """Return a detector that is not opened by fer-edge with checked results.

    Args:
        given: Detector object or function.
        min_score: Lowest score of detections; None leaves the choice to the detector.
        name: Name of the detector, for messages.

    Raises:
        DetectorError: It is neither, or a class instead of an object.
    """
    if isinstance(given, WholeFrame):  # readers recognize it: its boxes are crops already
        return given
    if not isinstance(given, type):
        detect = getattr(given, "detect", None)
        if callable(detect):
            long_side_px = getattr(given, "long_side_px", None)
            if long_side_px is not None:
                return CheckedShrinkingDetector(
                    detect, long_side_px, min_score=min_score, name=name
                )
            return CheckedDetector(detect, min_score=min_score, name=name)
        if callable(given):
            return CheckedDetector(given, min_score=min_score, name=name)
    got = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
    raise DetectorError(
        "expected a detector's name, a function from an image to boxes or an object with "
        f"detect(image), got {got}"
    )


def _as_detection(given: object, name: str) -> Detection:
    box, score = (given.box, given.score) if isinstance(given, Detection) else (given, 1.0)
    try:
        # NumPy's numbers become Python's, since JSON only supports those
        edges: Any = box.edges if isinstance(box, Box) else box
        if isinstance(edges, str | bytes):
            raise TypeError("text has no edges")
        left, top, right, bottom, score = map(float, (*edges, score))
    except (TypeError, ValueError, OverflowError) as error:
        raise DetectorError(
            f"expected boxes of (left, top, right, bottom) from {name}, got {given!r:.80}"
        ) from error
    if not all(map(math.isfinite, (left, top, right, bottom, score))):
        raise DetectorError(f"expected finite numbers from {name}, got {given!r:.80}")
    if not 0 <= score <= 1:
        raise DetectorError(f"expected scores from 0 to 1 from {name}, got {score:g}")
    return Detection(Box(left, top, right, bottom), score)
