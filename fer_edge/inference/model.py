"""An open model file: prepare its input, run it, read its output.

tflite-runtime does not use XNNPACK for int8 graphs on x86-64, where it is many times slower: this
is logged as a warning.
"""

import functools
import logging
import platform
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import model_input
from fer_edge.inference.input_tensor import pixel_numbers
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.file import ModelFile, read_model
from fer_edge.scoring.temperature import at_temperature, output_floor

log = logging.getLogger(__name__)

_QUANTIZED = (np.uint8, np.int8, np.int16)


class TFLiteModel:
    """A model file, open for inference. A context manager; close it when done.

    Attributes:
        file: File with its card.
        runtime: TFLite runtime in use.
        labels: Classes in output order, from the card.
        threads: CPU threads per inference.
        floor: Value assumed for an output of 0, see `fer_edge.scoring.temperature.output_floor`.
    """

    def __init__(self, file: ModelFile, *, threads: int = 1, delegate: str | None = None) -> None:
        """Open the model.

        Args:
            file: File from `read_model`.
            threads: CPU threads per inference.
            delegate: `edgetpu`, `edgetpu:usb:0`, ..., a TFLite delegate's library, or None.

        Raises:
            ModelError: The graph cannot be run, or contradicts the card.
            MissingExtraError: No TFLite runtime is installed.
        """
        self.file = file
        self.labels = file.card.labels
        self.threads = threads
        self.runtime = find_runtime()
        self._interpreter: Any = open_interpreter(
            self.runtime,
            file.flatbuffer,
            name=str(file.path),
            threads=threads,
            origin=file.origin,
            delegate=delegate,
        )
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        _check_against_card(file, self._interpreter)
        self._numbers = pixel_numbers(file.card.input, self._input, file.path)
        first = {np.uint8: 0, np.int8: -128}.get(self._input["dtype"])
        self._reads_raw_pixels = first is not None and np.array_equal(
            self._numbers, np.arange(first, first + 256)
        )
        self.floor = output_floor(float(self._output["quantization"][0]))
        if self.runtime.name == "tflite-runtime" and self._input["dtype"] != np.float32:
            _warn_about_xnnpack(platform.machine())

    def __enter__(self) -> "TFLiteModel":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the interpreter."""
        self._interpreter = None

    @property
    def input_size(self) -> tuple[int, int]:
        """The model's input (height, width) in pixels."""
        return self.file.card.input.height, self.file.card.input.width

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """The model's input (height, width, channels)."""
        return *self.input_size, self.file.card.input.channels

    def input_of(
        self, face: NDArray[np.uint8], levels: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """Create the raw model input from one face, as the card states: see `faces.model_input`.

        Args:
            face: uint8, (any height, any width[, 3 or 4]), gray or BGR(A).
            levels: uint8, (256,), value from 0 to 255 of each level of a gray face; None for
                full-range levels.

        Returns:
            uint8, `input_shape`.
        """
        spec = self.file.card.input
        return model_input(face, *self.input_size, spec.colors, light=spec.light, levels=levels)

    def prepare(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """Convert one raw model input to the input tensor's values.

        Args:
            pixels: uint8, `input_shape`, from `input_of`.

        Returns:
            (1, height, width, channels): for a card from 0 to 1, the pixels unchanged for uint8,
            minus 128 for int8, times 1/255 for float32.
        """
        if not self._reads_raw_pixels:
            tensor: NDArray[Any] = self._numbers[pixels]
        elif self._input["dtype"] == np.int8:
            # q = p - 128, computed by flipping the sign bit: no overflow, no wider type
            tensor = (pixels ^ np.uint8(128)).view(np.int8)
        else:
            tensor = pixels
        return tensor[np.newaxis]

    def invoke(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Run one inference on a prepared tensor; returns the raw output, (classes,).

        Raises:
            ModelError: The model is closed, or the runtime cannot run it.
        """
        if self._interpreter is None:
            raise ModelError(f"{self.file.path} is closed; open it again with open_model")
        try:
            self._interpreter.set_tensor(self._input["index"], tensor)
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[0]
            raise ModelError(f"{self.file.path} cannot be run: {reason}") from error
        output: NDArray[Any] = self._interpreter.get_tensor(self._output["index"])[0]
        return output

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify one face, at the card's temperature.

        Args:
            pixels: uint8, `input_shape`, from `input_of`.

        Returns:
            float32, (classes,), in the order of `labels`, summing to about 1.
        """
        raw = self.invoke(self.prepare(pixels))
        if raw.dtype == np.float32:
            real: NDArray[np.float32] = raw
        else:
            scale, zero_point = self._output["quantization"]
            # widen first: uint8 minus a zero point would overflow
            real = (raw.astype(np.float32) - zero_point) * np.float32(scale)
        return at_temperature(real, self.file.card.temperature, self.floor)

    def probabilities_of(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify many faces, uint8 (n, *input_shape); returns float32 (n, classes)."""
        return np.stack([self.probabilities(face) for face in pixels])


def open_model(path: Path, *, threads: int = 1, delegate: str | None = None) -> TFLiteModel:
    """Read a model file, check it, and open it for inference; see `TFLiteModel`."""
    return TFLiteModel(read_model(path), threads=threads, delegate=delegate)


def _check_against_card(file: ModelFile, interpreter: Any) -> None:
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"{file.path} has {len(inputs)} inputs and {len(outputs)} outputs, expected one of each"
        )
    spec, card = file.card.input, file.card
    dtype, scale = outputs[0]["dtype"], outputs[0]["quantization"][0]
    if dtype != np.float32 and not (dtype in _QUANTIZED and scale > 0):
        raise ModelError(
            f"{file.path}: the output is {np.dtype(dtype)}, expected float32, or uint8, "
            "int8 or int16 with one scale; convert the source network again"
        )
    shape, wanted = tuple(map(int, inputs[0]["shape"])), (1, spec.height, spec.width, spec.channels)
    if shape != wanted:
        raise ModelError(
            f"{file.path}: the input is {shape}, the card states {wanted}; convert it again"
        )
    shape, wanted_out = tuple(map(int, outputs[0]["shape"])), (1, len(card.labels))
    if shape != wanted_out:
        raise ModelError(
            f"{file.path}: the output is {shape}, but the card has {len(card.labels)} labels; "
            "convert it again"
        )


@functools.cache  # once per process: a benchmark opens each model several times
def _warn_about_xnnpack(machine: str) -> None:
    if machine in ("x86_64", "AMD64"):
        log.warning(
            "tflite-runtime runs int8 models without XNNPACK on this machine, which is many "
            "times slower; run: pip install ai-edge-litert"
        )
