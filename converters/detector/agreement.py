"""Comparison of a converted detector with its source file in OpenCV, face by face."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.card import DetectorAgreement
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import DetectorError

SURE, POSSIBLE = 0.7, 0.5
"""A face with at least `SURE` in one must be found with at least `POSSIBLE` in the other."""
_SAME_OVERLAP = 0.5
_OPENCV_SAME_FACE, _OPENCV_MOST = 0.3, 5000


@dataclass(frozen=True, slots=True)
class DetectorGate:
    """Requirement for writing a file, relative to its source.

    Attributes:
        min_found: Lowest share of OpenCV's certain faces that it must find.
        max_strange: Largest share of its own certain faces that OpenCV does not find.
        min_overlap: Lowest mean intersection over union of the paired boxes.
    """

    min_found: float = 0.99
    max_strange: float = 0.01
    min_overlap: float = 0.95

    def fault(self, agreement: DetectorAgreement) -> str:
        """Return the reason why a file must not be written; empty if it may."""
        if not agreement.faces:
            return "cannot be evaluated: OpenCV finds no face in the calibration pictures"
        if agreement.found < self.min_found:
            return (
                f"finds {agreement.found:.2%} of the {agreement.faces} faces that OpenCV finds, "
                f"expected at least {self.min_found:.2%}"
            )
        if agreement.strange > self.max_strange:
            return (
                f"has {agreement.strange:.2%} faces that OpenCV does not find, expected at most "
                f"{self.max_strange:.2%}"
            )
        if not agreement.overlap >= self.min_overlap:
            return (
                f"draws boxes that overlap OpenCV's by {agreement.overlap:.3f}, expected at least "
                f"{self.min_overlap:.3f}"
            )
        return ""


def compare_with_opencv(
    network: DetectorNetwork, onnx: str, inputs: NDArray[np.uint8]
) -> DetectorAgreement:
    """Compare a file with its source, face by face.

    Args:
        network: Open file, with `POSSIBLE` as lowest score.
        onnx: Path of the source.
        inputs: uint8, (n, height, width, 3), BGR.

    Raises:
        DetectorError: OpenCV cannot run the source.
    """
    _, height, width, _ = inputs.shape
    try:
        reference = cv2.FaceDetectorYN.create(
            onnx, "", (width, height), POSSIBLE, _OPENCV_SAME_FACE, _OPENCV_MOST
        )
    except cv2.error as error:
        raise DetectorError(
            f"{onnx} cannot be run by OpenCV {cv2.__version__}: {error.err}; "
            "expected OpenCV 4.8 or later and YuNet's file of 2023mar"
        ) from error
    faces = found = own = strange = 0
    overlaps: list[float] = []
    differences: list[float] = []
    for pixels in inputs:
        theirs, ours = _opencv_faces(reference, pixels), network.find(pixels)
        pairs = _pairs(theirs, ours)
        overlaps += [overlap for _, _, overlap in pairs]
        differences += [abs(float(theirs[one, 4] - ours[other, 4])) for one, other, _ in pairs]
        faces += int((theirs[:, 4] >= SURE).sum())
        found += sum(theirs[one, 4] >= SURE for one, _, _ in pairs)
        own += int((ours[:, 4] >= SURE).sum())
        strange += int((ours[:, 4] >= SURE).sum())
        strange -= sum(ours[other, 4] >= SURE for _, other, _ in pairs)
    return DetectorAgreement(
        pictures=len(inputs),
        faces=faces,
        found=round(float(found / max(1, faces)), 5),
        strange=round(float(strange / max(1, own)), 5),
        overlap=round(float(np.mean(overlaps)) if overlaps else 0.0, 5),
        score_difference=round(float(np.mean(differences)) if differences else 1.0, 5),
    )


def _opencv_faces(reference: cv2.FaceDetectorYN, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    # OpenCV returns None, not an empty array, if it finds nothing; its stubs omit that
    rows: Any = reference.detect(pixels)[1]
    if rows is None:
        return np.zeros((0, 5), np.float32)
    left, top, width, height = rows[:, :4].T
    return np.stack([left, top, left + width, top + height, rows[:, 14]], axis=1)


def _pairs(theirs: NDArray[np.float32], ours: NDArray[np.float32]) -> list[tuple[int, int, float]]:
    """Pair the boxes of the same face, the best pair first: (one, other, overlap)."""
    sides = np.minimum(theirs[:, None, 2:4], ours[None, :, 2:4]) - np.maximum(
        theirs[:, None, :2], ours[None, :, :2]
    )
    common = sides.clip(0).prod(axis=-1)
    areas = [(boxes[:, 2:4] - boxes[:, :2]).prod(axis=1) for boxes in (theirs, ours)]
    overlap = common / (areas[0][:, None] + areas[1][None] - common)
    pairs: list[tuple[int, int, float]] = []
    while overlap.size and overlap.max() >= _SAME_OVERLAP:
        one, other = map(int, np.unravel_index(overlap.argmax(), overlap.shape))
        pairs.append((one, other, float(overlap[one, other])))
        overlap[one], overlap[:, other] = 0, 0
    return pairs
