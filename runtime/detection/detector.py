"""The interface of a detector, and its settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.ranges import check_range

MIN_SCORE = 0.6
"""Default of the lowest score for videos."""

MOST_FACES = 100
"""Default of the most faces per frame; the largest are kept."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A detected face: its box in pixels of the image, and the detector's score, 0 to 1."""

    box: Box
    score: float = 1.0


LEAST_SIDE_PX = 64
"""Smallest long side to which a detector may shrink images: smaller ones show no face."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Settings for a detector that is opened by name.

    Attributes:
        model: Path of its model file; None uses its default model, if any.
        min_score: Lowest score, 0 to 1, if it has scores; None uses its default. Faces that another
            package's detector returns with a lower score are dropped.
        long_side_px: Long side to which it shrinks images, at least 64; None uses its default.
        is_photo: Whether it is used for photographs, which get more time than the frames of a
            video.
        delegate: Delegate for its model instead of the CPU: `edgetpu`, `edgetpu:usb:0`, ..., or a
            TFLite delegate's library; None is the CPU. A detector that only runs on the CPU rejects
            it.

    Raises:
        ConfigError: A value is out of range, or of another kind.
    """

    model: Path | None = None
    min_score: float | None = None
    long_side_px: int | None = None
    is_photo: bool = False
    delegate: str | None = None

    def __post_init__(self) -> None:
        model: object = self.model
        if model is not None and not isinstance(model, str | Path):
            raise ConfigError(f"'model' is {model!r:.80}, expected a path, or None")
        if isinstance(model, str):  # the way to set a field of a frozen dataclass
            object.__setattr__(self, "model", Path(model))
        check_range("min_score", self.min_score, 0, 1, is_optional=True)
        least = LEAST_SIDE_PX
        check_range("long_side_px", self.long_side_px, least, is_whole=True, is_optional=True)

    def check_cpu(self, name: str) -> None:
        """Reject a delegate, for a detector that only runs on the CPU.

        Raises:
            ConfigError: A delegate is given.
        """
        if self.delegate is not None:
            raise ConfigError(
                f"the detector {name} runs on the CPU only, got the delegate {self.delegate}; "
                "omit it (--detector-delegate, in Python: delegate), or use the detector yunet"
            )


class FaceDetector(Protocol):
    """Finds faces in an image of any size.

    All detectors use YuNet's framing of a face, since the crop policy of a model is measured on its
    boxes.
    """

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find the faces in an image.

        Args:
            image: uint8, (height, width, 3), BGR; an empty one has no faces.

        Returns:
            The faces in pixels of this image, in any order.

        Raises:
            DetectorError: It is not such an image, from the detectors of fer-edge.
        """
        ...


@runtime_checkable
class ShrinkingDetector(FaceDetector, Protocol):
    """A detector that shrinks images itself; callers that also shrink them can do it once for both.

    Attributes:
        long_side_px: Long side to which it shrinks every image.
    """

    long_side_px: int


def has_pixels(image: NDArray[np.uint8]) -> bool:
    """Return whether an image for `FaceDetector.detect` is not empty.

    Raises:
        DetectorError: It is not an array, or has another shape or type.
    """
    given: Any = image
    shape: tuple[int, ...] = getattr(given, "shape", ())
    dtype = getattr(given, "dtype", None)
    if len(shape) != 3 or shape[2] != 3 or dtype != np.uint8:
        got = type(image).__name__ if dtype is None else f"{dtype} {tuple(shape)}"
        raise DetectorError(f"expected an image of uint8 (height, width, 3), BGR, got {got}")
    return bool(image.size)


def select(
    detections: Iterable[Detection],
    *,
    min_face_px: float = 0.0,
    max_faces: int | None = MOST_FACES,
) -> list[Detection]:
    """Select the faces to keep.

    Args:
        detections: Detected faces; boxes without an area are dropped.
        min_face_px: Lowest height of a box, in the pixels of the boxes.
        max_faces: Most faces; the largest are kept. None keeps all.

    Returns:
        The selected faces, the largest first.
    """
    kept = [
        found
        for found in detections
        if found.box.width > 0 and found.box.height >= max(min_face_px, 1e-6)
    ]
    kept.sort(key=lambda found: found.box.area, reverse=True)
    return kept[:max_faces]


def left_out(found: Iterable[Detection], kept: Iterable[Detection]) -> tuple[Box, ...]:
    """Return the boxes of the faces that `select` left out, except boxes without an area."""
    chosen = {id(face) for face in kept}
    return tuple(face.box for face in select(found, max_faces=None) if id(face) not in chosen)


class WholeFrame:
    """Treats the whole picture as a face crop (`--detector none`)."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return one face that covers the picture."""
        if not has_pixels(image):
            return []
        height, width = image.shape[:2]
        return [Detection(Box(0.0, 0.0, float(width), float(height)))]


def open_whole_frame(settings: DetectorSettings) -> WholeFrame:
    """Open `none`, which has no model.

    Raises:
        ConfigError: A model file or a delegate is given.
    """
    settings.check_cpu("none")
    if settings.model is not None:
        raise ConfigError(
            f"the detector none does not use a model file, got {settings.model}; omit it "
            "(--detector-model, in Python: model), or use the detector yunet"
        )
    return WholeFrame()
