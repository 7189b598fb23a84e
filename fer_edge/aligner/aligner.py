"""An open face aligner: from a face in a picture to its placement in the detector's box."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.card import OUTPUTS
from fer_edge.aligner.file import AlignerFile, bundled_aligner, read_aligner
from fer_edge.aligner.placement import Placement
from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import Box, as_real, crop, model_input
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime

_LOOK_AGAIN_DEGREES = 20.0
"""A face that is turned by more is looked at once more, turned back: small rolls are more exact."""


class Aligner:
    """Finds how faces lie in their boxes. Several readers may share one, taking turns."""

    def __init__(self, file: AlignerFile) -> None:
        """Open it.

        Args:
            file: From `read_aligner`.

        Raises:
            ModelError: The graph cannot be run, or contradicts the card.
            MissingExtraError: No TFLite runtime is installed.
        """
        self.file = file
        self._interpreter: Any = open_interpreter(
            find_runtime(), file.flatbuffer, name=str(file.path), threads=1, origin=file.origin
        )
        (self._input, *_), (self._output, *_) = (
            self._interpreter.get_input_details(),
            self._interpreter.get_output_details(),
        )
        shapes = [tuple(map(int, part["shape"])) for part in (self._input, self._output)]
        stated = [(1, file.card.height, file.card.width, 1), (1, len(OUTPUTS))]
        if shapes != stated or self._input["dtype"] not in (np.int8, np.float32):
            raise ModelError(
                f"{file.path}: the tensors are {shapes}, the card states {stated}; install "
                "fer-edge again"
            )

    def align(
        self, image: NDArray[np.uint8], box: Box, levels: NDArray[np.uint8] | None = None
    ) -> Placement:
        """Find how a face lies in its box.

        Args:
            image: uint8, (height, width[, 3 or 4]), gray or BGR(A).
            box: Box of the face, in YuNet's framing.
            levels: Levels of a gray image, see `faces.model_input`.

        Raises:
            DetectorError: The box is many times larger than the image.
        """
        card = self.file.card
        placement = Placement()
        for _ in range(2):
            face = crop(
                image,
                placement.box_of(box),
                card.crop,
                roll_degrees=placement.roll_degrees,
                least_px=2 * card.height,
            )
            pixels = model_input(face, card.height, card.width, levels=levels)
            roll_degrees, log_scale, x, y = self._offset(pixels)
            placement = placement.refined(
                card.crop, roll_degrees=roll_degrees, scale=math.exp(log_scale), x=x, y=y
            )
            if abs(roll_degrees) < _LOOK_AGAIN_DEGREES:
                break
        return placement

    def offsets(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network on many squares, to measure it.

        Args:
            pixels: uint8, (n, height, width, 1), raw input.

        Returns:
            float32, (n, 4): roll in degrees, logarithm of the scale, x and y in sides.
        """
        return np.array([self._offset(square) for square in pixels], np.float32)

    def _offset(self, pixels: NDArray[np.uint8]) -> list[float]:
        """Return the outputs for one square in their units, see `OUTPUTS`."""
        if self._input["dtype"] == np.int8:
            tensor: NDArray[Any] = (pixels ^ np.uint8(128)).view(np.int8)
        else:
            tensor = as_real(pixels)
        self._interpreter.set_tensor(self._input["index"], tensor[np.newaxis])
        self._interpreter.invoke()
        numbers = self._interpreter.get_tensor(self._output["index"])[0].tolist()
        scale, zero_point = self._output["quantization"]
        if self._output["dtype"] == np.float32:
            scale, zero_point = 1.0, 0
        return [
            (number - zero_point) * scale * factor
            for number, factor in zip(numbers, self.file.card.output.factors, strict=True)
        ]


def open_aligner(path: Path | None = None) -> Aligner:
    """Open an aligner file; None opens the bundled one.

    Raises:
        ModelError: It is missing, altered or of another kind.
        MissingExtraError: No TFLite runtime is installed.
    """
    return Aligner(read_aligner(path or bundled_aligner()))
