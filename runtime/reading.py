"""Reading a frame: find the faces, cut them by the card's policy, classify them."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.bundled import DEFAULT_MODEL, find_model
from fer_edge.faces import Box, crop, model_input
from fer_edge.interpreter import TFLiteModel, open_model

from .detection import FaceDetector, WholeFrame, YuNet


@dataclass(frozen=True, slots=True)
class Reading:
    """The expression of one face in one frame.

    Attributes:
        box: The face's bounding box in frame pixels, as the detector gave it.
        detection: The detector's score, 0 to 1.
        labels: The model's expressions in output order.
        probabilities: One per label, summing to about 1.
    """

    box: Box
    detection: float
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def label(self) -> str:
        """The most probable expression."""
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def probability(self) -> float:
        """The probability of `label`."""
        return max(self.probabilities)


class Reader:
    """A detector and a model, ready to read frames. A context manager; close it when done."""

    def __init__(self, model: TFLiteModel, detector: FaceDetector) -> None:
        self.model = model
        self._detector = detector

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model."""
        self.model.close()

    def read(self, image: NDArray[np.uint8]) -> list[Reading]:
        """Read every face in an image.

        Args:
            image: uint8, (height, width, 3), BGR.

        Returns:
            One reading per face, the largest face first.
        """
        policy = self.model.file.card.input.crop
        readings = []
        for face in self._detector.detect(image):
            pixels = image if self._detector.finds_crops else crop(image, face.box, policy)
            probabilities = self.model.probabilities(model_input(pixels, *self.model.input_size))
            readings.append(
                Reading(
                    box=face.box,
                    detection=face.score,
                    labels=self.model.labels,
                    probabilities=tuple(map(float, probabilities)),
                )
            )
        return readings


def open_reader(
    model: str | Path = DEFAULT_MODEL,
    *,
    detector: Literal["yunet", "none"] = "yunet",
    detector_model: Path | None = None,
    min_score: float = 0.6,
    threads: int = 1,
    delegate: str | None = None,
) -> Reader:
    """Open a model and a detector.

    Args:
        model: A bundled model's name, or a .tflite file with a card.
        detector: yunet, or none for pictures that already are face crops.
        detector_model: A YuNet ONNX file instead of the one that came with fer-edge.
        min_score: Detections below it are dropped, 0 to 1.
        threads: CPU threads of one inference.
        delegate: Shared library of a TFLite delegate, such as libedgetpu.so.1.

    Raises:
        ModelError: The model is broken, altered or not what it says.
        DetectorError: The detector's model file is missing or unusable.
    """
    opened = open_model(find_model(str(model)), threads=threads, delegate=delegate)
    try:
        if detector == "none":
            return Reader(opened, WholeFrame())
        return Reader(opened, YuNet(detector_model, min_score=min_score))
    except BaseException:
        opened.close()
        raise
