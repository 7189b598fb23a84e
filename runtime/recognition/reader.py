"""Recognition in pictures: detect the faces, crop them by the card's policy, classify them."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fer_edge.errors import ModelError, SourceError
from fer_edge.inference.model import TFLiteModel

from ..capture.frame import Frame
from ..capture.pixels import as_bgr
from ..detection.detector import MOST_FACES, Detection, FaceDetector, WholeFrame, left_out, select
from ..timing.stopwatch import Stopwatch
from .classifier import Classifier
from .result import UNCERTAIN, Face, Probabilities, Result
from .smoothing import STEADY, unknown

if TYPE_CHECKING:
    from fer_edge.aligner.aligner import Aligner

    from .comparer import Comparer, Comparison

Opened = TypeVar("Opened", bound="ModelReader")


class ModelReader:
    """Common part of `Reader` and `Follower`: a model that is closed when done."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._is_closed = False

    @property
    def model(self) -> TFLiteModel:
        """The current model."""
        return self._classifier.model

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the models; afterwards nothing can be recognized."""
        self._is_closed = True
        self._classifier.close()

    def replace_model(self, model: TFLiteModel) -> None:
        """Use another model from now on, between two frames; the old one is closed.

        Raises:
            ModelError: Its expressions differ from those of the comparison's model, or the reader
                is closed.
        """
        self._check_open()
        self._classifier.replace_model(model)

    def comparison(self) -> "Comparison | None":
        """Return the comparison with another model so far, if there is one."""
        comparer = self._classifier.comparer
        return None if comparer is None else comparer.result()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ModelError(f"this {type(self).__name__} is closed; open a new one")

    def _checked(self, frame: Frame) -> Frame:
        """Return a frame with an image of uint8 (height, width, 3) BGR; most have it already."""
        self._check_open()
        if not isinstance(frame, Frame):
            raise SourceError(
                f"expected a Frame, got {type(frame).__name__}; make one: "
                "Frame(image, index, time_s, name)"
            )
        if hasattr(frame.pixels, "bgr"):  # decoded frames; isinstance of a protocol is slow
            return frame
        image = as_bgr(frame.pixels)
        return frame if image is frame.pixels else replace(frame, pixels=image)


class Reader(ModelReader):
    """A detector and a model for independent pictures.

    A context manager; close it when done. `Follower` is for videos and cameras.
    """

    def __init__(
        self,
        model: TFLiteModel,
        detector: FaceDetector,
        *,
        aligner: "Aligner | None" = None,
        min_face_px: float = 0.0,
        max_faces: int = MOST_FACES,
        uncertain_below: float = STEADY.uncertain_below,
        comparer: "Comparer | None" = None,
    ) -> None:
        """Store both.

        Args:
            model: Open model; closed with the reader.
            detector: Detector; `WholeFrame` for pictures that are face crops.
            aligner: Aligner of the faces in their boxes; None cuts the boxes as they are.
            min_face_px: Lowest height of a face's box.
            max_faces: Most faces; the largest are kept.
            uncertain_below: Lowest probability of a label; otherwise a face is `uncertain`, 0 to 1.
            comparer: Comparison with another model on a sample of the crops; closed with the
                reader.
        """
        is_crop = isinstance(detector, WholeFrame)
        super().__init__(
            Classifier(model, aligner=aligner, boxes_are_crops=is_crop, comparer=comparer)
        )
        self._detector = detector
        self._min_face_px, self._max_faces = min_face_px, max_faces
        self._uncertain_below = uncertain_below

    def read_frame(self, frame: Frame) -> Result:
        """Recognize all faces in a frame, independently of other frames.

        Raises:
            SourceError: It is not a frame, or its image is not an image.
            ModelError: The reader is closed.
        """
        frame = self._checked(frame)
        watch = Stopwatch()
        with watch.stage("detect"):
            found = self._detector.detect(frame.image)
            kept = select(found, min_face_px=self._min_face_px, max_faces=self._max_faces)
        faces = tuple(self._recognize(frame, detection, watch) for detection in kept)
        return Result(frame, faces, watch.times(), ignored=left_out(found, kept))

    def _recognize(self, frame: Frame, found: Detection, watch: Stopwatch) -> Face:
        reading = self._classifier.read(frame.image, found.box, watch)
        probabilities, label = reading.probabilities, UNCERTAIN
        if probabilities is None:
            probabilities = unknown(len(self.model.labels))
        elif probabilities.max() >= self._uncertain_below:
            label = self.model.labels[int(probabilities.argmax())]
        return Face(
            label=label,
            probabilities=Probabilities(self.model.labels, probabilities),
            box=found.box,
            score=found.score,
            frame_pixels=frame.pixels,
            crop_policy=self._classifier.crop_policy,
            placement=reading.placement,
        )
