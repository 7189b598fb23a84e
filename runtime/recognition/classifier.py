"""From a box in an image to probabilities, the same for pictures and videos."""

import logging
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box, CropPolicy, crop
from fer_edge.inference.model import TFLiteModel

from ..timing.stopwatch import Stopwatch

if TYPE_CHECKING:
    from .comparer import Comparer

log = logging.getLogger(__name__)


class Classifier:
    """Crops a face by the card's policy and classifies it. Close it when done.

    Attributes:
        model: Model in use.
        comparer: Comparison with another model on a sample of the crops, or None.
    """

    def __init__(
        self,
        model: TFLiteModel,
        *,
        boxes_are_crops: bool = False,
        comparer: "Comparer | None" = None,
    ) -> None:
        """Store them; closing this closes all of them.

        Args:
            model: Open model.
            boxes_are_crops: Whether images are face crops already and are not cropped.
            comparer: Open comparison, or None.
        """
        self.model = model
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
    ) -> NDArray[np.float32] | None:
        """Classify one face.

        Only the pixels of the crop are copied, never the whole image.

        Args:
            image: uint8, (height, width, 3), BGR, or (height, width) where `reads_gray`.
            box: Box of the face, as framed by the detector.
            watch: Stopwatch for the stages `crop` and `classify`.
            levels: Levels of a gray image, see `Gray`.

        Returns:
            float32, (classes,), in the order of the model's labels; None if an output of the model
            is not finite, as after a division by the contrast of a black picture.
        """
        with watch.stage("crop"):
            face = image if self._boxes_are_crops else self._crop(image, box)
            pixels = self.model.input_of(face, levels)
        with watch.stage("classify"):
            started = time.perf_counter()
            probabilities = self.model.probabilities(pixels)
            elapsed_ms = 1e3 * (time.perf_counter() - started)
        if not np.isfinite(probabilities).all():
            self._warn()
            return None
        if self.comparer is not None:
            self.comparer.take(face, probabilities, elapsed_ms, levels)
        return probabilities

    def _warn(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            name = self.model.file.path
            log.warning("%s: its output for a face is not finite; such faces are uncertain", name)

    def _crop(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """Crop a face, in color if one of the models reads colors."""
        channels = 1 if self.reads_gray else 3
        return crop(image, box, self.model.file.card.input.crop, channels=channels)

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
