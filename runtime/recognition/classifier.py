"""From a box in an image to probabilities, the same for pictures and videos."""

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.placement import Placement
from fer_edge.faces.preprocess import Box, CropPolicy, crop
from fer_edge.inference.model import TFLiteModel

from ..timing.stopwatch import Stopwatch

if TYPE_CHECKING:
    from fer_edge.aligner.aligner import Aligner

    from .comparer import Comparer

log = logging.getLogger(__name__)

_EXACT_PX = 256
"""A crop of a color image keeps all pixels below twice this side: what `Face.crop` returns, the
model reads. To turn all pixels of a larger one takes milliseconds. Gray videos are quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a model reads in a face.

    Attributes:
        probabilities: float32, (classes,), in the order of the model's labels; None if an output of
            the model is not finite, as after a division by the contrast of a black picture.
        placement: How the face was cut from its box.
    """

    probabilities: NDArray[np.float32] | None
    placement: Placement


class Classifier:
    """Crops a face by the card's policy and classifies it. Close it when done.

    Attributes:
        model: Model in use.
        aligner: Finds how a face lies in its box, or None: boxes are cut as they are.
        comparer: Comparison with another model on a sample of the crops, or None.
    """

    def __init__(
        self,
        model: TFLiteModel,
        *,
        aligner: "Aligner | None" = None,
        boxes_are_crops: bool = False,
        comparer: "Comparer | None" = None,
    ) -> None:
        """Store them; closing this closes both models.

        Args:
            model: Open model.
            aligner: Open aligner, or None; several classifiers may share one, taking turns.
            boxes_are_crops: Whether images are face crops already and are not cropped.
            comparer: Open comparison, or None.
        """
        self.model = model
        self.aligner = None if boxes_are_crops else aligner
        self.comparer = comparer
        self._boxes_are_crops = boxes_are_crops
        self._has_warned = False

    @property
    def crop_policy(self) -> CropPolicy | None:
        """Crop policy; None if images are face crops already."""
        return None if self._boxes_are_crops else self.model.file.card.input.crop

    @property
    def reads_gray(self) -> bool:
        """Whether no model reads colors, so that a gray image is sufficient."""
        is_gray = self.model.input_shape[2] == 1
        return is_gray and (self.comparer is None or self.comparer.channels == 1)

    def read(
        self,
        image: NDArray[np.uint8],
        box: Box,
        watch: Stopwatch,
        levels: NDArray[np.uint8] | None = None,
        placement: Placement | None = None,
    ) -> Reading:
        """Classify one face.

        Only the pixels around the face are copied, never the whole image.

        Args:
            image: uint8, (height, width, 3), BGR, or (height, width) where `reads_gray`.
            box: Box of the face, as framed by the detector.
            watch: Stopwatch for the stages `crop`, which includes the aligner, and `classify`.
            levels: Levels of a gray image, see `Gray`.
            placement: How the face lies in its box, if that is known; None asks the aligner.
        """
        with watch.stage("crop"):
            if self.aligner is None:
                placement = Placement()
            elif placement is None:
                placement = self.aligner.align(image, box, levels)
            face = image if self._boxes_are_crops else self._crop(image, box, placement)
            pixels = self.model.input_of(face, levels)
        with watch.stage("classify"):
            started = time.perf_counter()
            probabilities = self.model.probabilities(pixels)
            elapsed_ms = 1e3 * (time.perf_counter() - started)
        if not np.isfinite(probabilities).all():
            self._warn()
            return Reading(None, placement)
        if self.comparer is not None:
            self.comparer.take(face, probabilities, elapsed_ms, levels)
        return Reading(probabilities, placement)

    def _warn(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            name = self.model.file.path
            log.warning("%s: its output for a face is not finite; such faces are uncertain", name)

    def _crop(self, image: NDArray[np.uint8], box: Box, placement: Placement) -> NDArray[np.uint8]:
        """Crop a face, in color if one of the models reads colors."""
        least_px = 2 * max(self.model.input_size)
        return crop(
            image,
            placement.box_of(box),
            self.model.file.card.input.crop,
            channels=1 if self.reads_gray else 3,
            roll_degrees=placement.roll_degrees,
            least_px=least_px if image.ndim == 2 else max(least_px, _EXACT_PX),
        )

    def replace_model(self, model: TFLiteModel) -> None:
        """Use another model from now on; the old one is closed.

        Raises:
            ModelError: Its expressions differ from those of the comparison's model.
        """
        if self.comparer is not None:
            self.comparer.check(model)
        old, self.model = self.model, model
        old.close()

    def close(self) -> None:
        """Release the models."""
        self.model.close()
        if self.comparer is not None:
            self.comparer.close()
