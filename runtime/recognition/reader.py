"""Reading pictures: find the faces, cut them by the card's policy, classify them."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fer_edge.errors import ModelError, SourceError
from fer_edge.inference.model import TFLiteModel

from ..capture.frame import Frame
from ..capture.pixels import as_bgr
from ..detection.detector import MOST_FACES, Detection, FaceDetector, WholeFrame, select
from ..timing.stopwatch import Stopwatch
from .classifier import Classifier
from .result import UNCERTAIN, Face, Probabilities, Result
from .smoothing import STEADY

if TYPE_CHECKING:
    from .comparer import Comparer, Comparison

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

    def comparison(self) -> "Comparison | None":
        """Return what the comparison with another model has found so far, if there is one."""
        comparer = self._classifier.comparer
        return None if comparer is None else comparer.result()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ModelError(f"this {type(self).__name__} is closed; open a model for another one")

    def _checked(self, frame: Frame) -> Frame:
        """Return a frame whose image is uint8 (height, width, 3) BGR; most are that already."""
        self._check_open()
        if not isinstance(frame, Frame):
            raise SourceError(
                f"expected a Frame, got {type(frame).__name__}; make one: "
                "Frame(image, index, time_s, name)"
            )
        if hasattr(frame.pixels, "bgr"):  # a decoder's; isinstance of a protocol is slow
            return frame
        image = as_bgr(frame.pixels)
        return frame if image is frame.pixels else replace(frame, pixels=image)


class Reader(ModelReader):
    """A detector and a model, ready to read pictures, each for itself.

    A context manager; close it when done. For videos and cameras there is `Follower`.
    """

    def __init__(
        self,
        model: TFLiteModel,
        detector: FaceDetector,
        *,
        min_face_px: float = 0.0,
        max_faces: int = MOST_FACES,
        uncertain_below: float = STEADY.uncertain_below,
        comparer: "Comparer | None" = None,
    ) -> None:
        """Take both.

        Args:
            model: Open; closed with the reader.
            detector: What finds the faces; `WholeFrame` for pictures that already are face crops.
            min_face_px: Faces whose box is less high are left out.
            max_faces: At most so many, the largest.
            uncertain_below: A face is `uncertain` where no expression is this probable, 0 to 1.
            comparer: Lets another model read a sample of the crops; closed with the reader.
        """
        is_crop = isinstance(detector, WholeFrame)
        super().__init__(Classifier(model, boxes_are_crops=is_crop, comparer=comparer))
        self._detector = detector
        self._min_face_px, self._max_faces = min_face_px, max_faces
        self._uncertain_below = uncertain_below

    def read_frame(self, frame: Frame) -> Result:
        """Read every face in a frame, each frame for itself.

        Raises:
            SourceError: It is not a frame, or its image is not an image.
            ModelError: The reader is closed.
        """
        frame = self._checked(frame)
        watch = Stopwatch()
        with watch.stage("detect"):
            found = select(
                self._detector.detect(frame.image),
                min_face_px=self._min_face_px,
                max_faces=self._max_faces,
            )
        faces = tuple(self._recognize(frame, detection, watch) for detection in found)
        return Result(frame, faces, watch.times())

    def _recognize(self, frame: Frame, found: Detection, watch: Stopwatch) -> Face:
        probabilities = self._classifier.read(frame.image, found.box, watch)
        top = int(probabilities.argmax())
        is_uncertain = probabilities[top] < self._uncertain_below
        return Face(
            label=UNCERTAIN if is_uncertain else self.model.labels[top],
            probabilities=Probabilities(self.model.labels, probabilities),
            box=found.box,
            score=found.score,
            frame_pixels=frame.pixels,
            crop_policy=self._classifier.crop_policy,
        )
