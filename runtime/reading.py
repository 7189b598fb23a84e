"""Reading a frame: find the faces, cut them by the card's policy, classify them."""

from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.bundled import DEFAULT_MODEL, find_model
from fer_edge.faces import crop, model_input
from fer_edge.interpreter import TFLiteModel, open_model

from .detection import FaceDetector, open_detector
from .frame import Frame
from .result import Reading, Result, Stopwatch


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
        return self._read(image, Stopwatch())

    def read_frame(self, frame: Frame) -> Result:
        """Read every face in a frame, each frame for itself."""
        watch = Stopwatch()
        readings = self._read(frame.image, watch)
        return Result(frame, tuple(readings), watch.times())

    def _read(self, image: NDArray[np.uint8], watch: Stopwatch) -> list[Reading]:
        policy = self.model.file.card.input.crop
        with watch.stage("detect"):
            faces = self._detector.detect(image)
        readings = []
        for face in faces:
            with watch.stage("crop"):
                pixels = image if self._detector.finds_crops else crop(image, face.box, policy)
                pixels = model_input(pixels, *self.model.input_size)
            with watch.stage("classify"):
                probabilities = self.model.probabilities(pixels)
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
        delegate: `edgetpu`, `edgetpu:usb:0`, ..., or a TFLite delegate's library.

    Raises:
        ModelError: The model is broken, altered or not what it says.
        DetectorError: The detector's model file is missing or unusable.
    """
    opened = open_model(find_model(str(model)), threads=threads, delegate=delegate)
    try:
        return Reader(opened, open_detector(detector, detector_model, min_score=min_score))
    except BaseException:
        opened.close()
        raise
