"""Reading pictures: find the faces, cut them by the card's policy, classify them."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.bundled import DEFAULT_MODEL, find_model
from fer_edge.errors import ModelError, SourceError
from fer_edge.interpreter import TFLiteModel, open_model

from ..faces.detection import DetectorName, FaceDetector, open_detector
from ..frame import Frame
from ..result import UNCERTAIN, Face, Result, Stopwatch
from ..sources.pixels import ColorOrder, as_bgr
from .classifier import Classifier
from .comparing import Comparer, Comparison
from .smoothing import STEADY

Opened = TypeVar("Opened", bound="ModelReader")


class ModelReader:
    """What `Reader` and `Follower` share: a model that is closed when done."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._is_closed = False

    @property
    def model(self) -> TFLiteModel:
        """The model that reads the faces."""
        return self._classifier.model

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the models; nothing can be read after it."""
        self._is_closed = True
        self._classifier.close()

    def replace_model(self, model: TFLiteModel) -> None:
        """Read with another model from here on, between two frames; the old one is closed.

        Raises:
            ModelError: Its expressions are not those of the model that it is compared with, or the
                reader is closed.
        """
        self._check_open()
        self._classifier.replace_model(model)

    def comparison(self) -> Comparison | None:
        """Return what the comparison with another model has found so far, if there is one."""
        comparer = self._classifier.comparer
        return None if comparer is None else comparer.result()

    def _check_open(self) -> None:
        if self._is_closed:
            name = type(self).__name__
            raise ModelError(
                f"this {name} is closed; read within its with block, or open another with "
                f"open_{name.lower()}"
            )

    def _checked(self, frame: Frame) -> Frame:
        """Return a frame whose image is uint8 (height, width, 3) BGR; most are that already."""
        self._check_open()
        if not isinstance(frame, Frame):
            raise SourceError(
                f"expected a Frame, got {type(frame).__name__}; loop over read_source(images), or "
                "make one: Frame(image, index, time_s, name)"
            )
        image = as_bgr(frame.image)
        return frame if image is frame.image else replace(frame, image=image)


class Reader(ModelReader):
    """A detector and a model, ready to read pictures, each for itself.

    A context manager; close it when done. For videos and cameras there is `Follower`.
    """

    def __init__(
        self,
        model: TFLiteModel,
        detector: FaceDetector,
        *,
        uncertain_below: float = STEADY.uncertain_below,
        comparer: Comparer | None = None,
    ) -> None:
        """Take both.

        Args:
            model: Open; closed with the reader.
            detector: What finds the faces.
            uncertain_below: A face is `uncertain` where no expression is this probable, 0 to 1.
            comparer: Lets another model read a sample of the crops; closed with the reader.
        """
        super().__init__(Classifier(model, boxes_are_crops=detector.finds_crops, comparer=comparer))
        self._detector = detector
        self._uncertain_below = uncertain_below

    def read(self, image: object, *, color: ColorOrder = "bgr") -> list[Face]:
        """Read every face in an image.

        Args:
            image: At best uint8, (height, width, 3), BGR. Gray, BGRA, 16 bits, floats, tensors,
                Pillow's images and paths of pictures are converted, see `as_bgr`.
            color: The order of an array's channels: NumPy does not know it, and RGB taken for BGR
                loses faces.

        Returns:
            One reading per face, the largest face first.

        Raises:
            SourceError: It is no image, or none that could be read without guessing.
            ModelError: The reader is closed.
        """
        self._check_open()
        return self._read(as_bgr(image, color=color), Stopwatch())

    def read_frame(self, frame: Frame) -> Result:
        """Read every face in a frame, each frame for itself.

        Raises:
            SourceError: It is no frame, or its image is none.
            ModelError: The reader is closed.
        """
        frame = self._checked(frame)
        watch = Stopwatch()
        faces = self._read(frame.image, watch)
        return Result(frame, tuple(faces), watch.times())

    def _read(self, image: NDArray[np.uint8], watch: Stopwatch) -> list[Face]:
        with watch.stage("detect"):
            found = self._detector.detect(image)
        faces = []
        for detection in found:
            probabilities = self._classifier.read(image, detection.box, watch)
            is_uncertain = probabilities.max() < self._uncertain_below
            faces.append(
                Face(
                    box=detection.box,
                    detection=detection.score,
                    labels=self.model.labels,
                    probabilities=tuple(map(float, probabilities)),
                    steady=UNCERTAIN if is_uncertain else None,
                )
            )
        return faces


def open_reader(
    model: str | Path = DEFAULT_MODEL,
    *,
    detector: DetectorName = "yunet",
    detector_model: Path | None = None,
    min_score: float = 0.6,
    uncertain_below: float = STEADY.uncertain_below,
    threads: int = 1,
    delegate: str | None = None,
) -> Reader:
    """Open a model and a detector, to read pictures.

    Args:
        model: A bundled model's name, or a .tflite file with a card.
        detector: What finds the faces, see `open_detector`; none for pictures that already are face
            crops.
        detector_model: Its model file, see `open_detector`.
        min_score: Detections below it are dropped, 0 to 1.
        uncertain_below: A face is `uncertain` where no expression is this probable, 0 to 1.
        threads: CPU threads of one inference.
        delegate: `edgetpu`, `edgetpu:usb:0`, ..., or a TFLite delegate's library.

    Raises:
        ModelError: The model is broken, altered or not what it says.
        DetectorError: The detector's model file is missing or unusable.
    """
    opened = open_model(find_model(str(model)), threads=threads, delegate=delegate)
    try:
        return Reader(
            opened,
            open_detector(detector, detector_model, min_score=min_score),
            uncertain_below=uncertain_below,
        )
    except BaseException:
        opened.close()
        raise
