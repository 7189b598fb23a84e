"""Where the faces are: what a detector is, and what it may be asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box

MIN_SCORE = 0.6
"""Faces of moving pictures below this score are dropped where nothing else is said."""

MOST_FACES = 100
"""So many faces of a frame are kept, the largest, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that was found: its box in pixels of the image, and the detector's score, 0 to 1."""

    box: Box
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What a detector that is opened by its name is asked for.

    Attributes:
        model: Its model file; None takes the one that comes with it, if there is one.
        min_score: It leaves out faces of a lower score, 0 to 1, if it has scores; None takes its
            own.
        long_side_px: It shrinks images to this before it looks; None takes its own.
        delegate: What runs its model instead of the CPU, as `--detector-delegate` has it; None is
            the CPU. A detector that only the CPU runs refuses it.
        is_photo: Whether it will look at photographs, each for itself, which have more time than
            the frames of a moving picture.
    """

    model: Path | None = None
    min_score: float | None = None
    long_side_px: int | None = None
    is_photo: bool = False
    delegate: str | None = None

    def check_cpu(self, name: str) -> None:
        """Refuse a delegate, for a detector that only the CPU runs.

        Raises:
            DetectorError: There is one.
        """
        if self.delegate is not None:
            raise DetectorError(
                f"the detector {name} runs on the CPU only, got the delegate {self.delegate}; "
                "leave --detector-delegate out, or pass --detector yunet"
            )


class FaceDetector(Protocol):
    """Finds faces in an image, whatever its size.

    All detectors frame a face as YuNet does, since a model's crop policy is measured on its boxes.
    """

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find the faces in an image.

        Args:
            image: uint8, (height, width, 3), BGR; an empty one has no face.

        Returns:
            The faces in pixels of this image, in any order.
        """
        ...


@runtime_checkable
class ShrinkingDetector(FaceDetector, Protocol):
    """A detector that shrinks images itself; who shrinks them as well may do it once for both.

    Attributes:
        long_side_px: It shrinks every image to this, and sees no more in a larger one.
    """

    long_side_px: int


def select(
    detections: Iterable[Detection], *, min_face_px: float = 0.0, max_faces: int = MOST_FACES
) -> list[Detection]:
    """Choose the faces that are kept.

    Args:
        detections: The faces that were found; boxes without an area are left out.
        min_face_px: Least height of a box, in its own pixels.
        max_faces: At most so many, the largest.

    Returns:
        The largest first.
    """
    kept = [
        found
        for found in detections
        if found.box.width > 0 and found.box.height >= max(min_face_px, 1e-6)
    ]
    kept.sort(key=lambda found: found.box.area, reverse=True)
    return kept[:max_faces]


class WholeFrame:
    """Takes the whole picture for a face crop (`--detector none`)."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return one face that fills the picture."""
        height, width = image.shape[:2]
        return [Detection(Box(0.0, 0.0, float(width), float(height)))] if image.size else []


def open_whole_frame(settings: DetectorSettings) -> WholeFrame:
    """Open `none`, which has no model.

    Raises:
        DetectorError: A model file or a delegate was given all the same.
    """
    settings.check_cpu("none")
    if settings.model is not None:
        raise DetectorError(
            f"no detector takes no model file, got {settings.model}; leave --detector-model out, "
            "or pass --detector yunet"
        )
    return WholeFrame()
