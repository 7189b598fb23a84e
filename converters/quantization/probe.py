"""A TFLite file with all tensors readable after an inference, not only the output."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import DatasetError, ModelError
from fer_edge.faces.preprocess import as_real
from fer_edge.model.graph import Tensor, read_graph


@dataclass(frozen=True, slots=True)
class Grid:
    """Real values of an integer tensor: scale * (integer - zero_point).

    Attributes:
        scale: Difference between two neighboring values.
        zero_point: Integer of the real value 0.
        lowest: Smallest integer of the type.
        highest: Largest integer of the type.
    """

    scale: float
    zero_point: int
    lowest: int
    highest: int

    def dequantize(self, integers: NDArray[Any]) -> NDArray[np.float64]:
        """Convert stored integers to real values."""
        # widen first: int8 minus a zero point would overflow
        real: NDArray[np.float64] = (integers.astype(np.float64) - self.zero_point) * self.scale
        return real

    def quantize(self, real: NDArray[Any]) -> NDArray[np.float64]:
        """Convert real values to the nearest integers of the type, as float64."""
        integers = np.round(np.asarray(real, np.float64) / self.scale) + self.zero_point
        return np.clip(integers, self.lowest, self.highest)


class Probe:
    """An open TFLite file that keeps all of its tensors."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Open the file.

        Raises:
            ModelError: The graph is damaged, cannot be run, or does not have exactly one input.
            MissingExtraError: LiteRT is not installed.
        """
        self.graph = read_graph(flatbuffer)
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            with without_chatter(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # keeping all tensors takes memory
                # a delegate computes its part of the graph in its own memory, and its version
                # determines whether it writes inner tensors back
                self._interpreter: Any = Interpreter(
                    model_content=flatbuffer,
                    num_threads=1,
                    experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                    experimental_preserve_all_tensors=True,
                )
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines() or ["no reason given"]
            raise ModelError(f"the model cannot be run: {reason[0]}") from error
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise ModelError(f"the model has {len(inputs)} inputs, expected 1")
        self._input = inputs[0]
        if self._input["dtype"] != np.float32 and not _scales(self._input).size:
            raise ModelError("the model's input has no scale; expected float32 or quantized")
        self._details = {item["index"]: item for item in self._interpreter.get_tensor_details()}

    def run(self, pixels: NDArray[np.uint8]) -> None:
        """Run one inference.

        Args:
            pixels: uint8, (height, width, 1), from `faces.model_input`.

        Raises:
            DatasetError: The model reads another shape.
        """
        wanted = tuple(map(int, self._input["shape"][1:]))
        if pixels.shape != wanted:
            raise DatasetError(f"an input of {pixels.shape} does not fit the model's {wanted}")
        tensor: NDArray[Any] = as_real(pixels)
        if self._input["dtype"] != np.float32:
            grid = _grid(self._input)
            tensor = grid.quantize(tensor).astype(self._input["dtype"])
        self._interpreter.set_tensor(self._input["index"], tensor[np.newaxis])
        self._interpreter.invoke()

    def stored(self, tensor: Tensor) -> NDArray[Any]:
        """Return a tensor as stored: from the last inference, or a constant of the file."""
        values: NDArray[Any] = self._interpreter.get_tensor(tensor.index)
        return values

    def grid(self, tensor: Tensor) -> Grid | None:
        """Return the grid of an integer tensor with one scale; None for a float or a plain one."""
        details = self._details[tensor.index]
        return _grid(details) if _scales(details).size else None

    def weights(self, tensor: Tensor) -> NDArray[np.float64]:
        """Return a constant tensor as real values, with one scale or one per channel."""
        details, values = self._details[tensor.index], self.stored(tensor)
        quantization, scales = details["quantization_parameters"], _scales(details)
        if not scales.size:
            return values.astype(np.float64)
        shape = [1] * values.ndim
        if len(scales) > 1:
            shape[quantization["quantized_dimension"]] = len(scales)
        zero_points = quantization["zero_points"].reshape(shape)
        real: NDArray[np.float64] = (values.astype(np.float64) - zero_points) * scales.astype(
            np.float64
        ).reshape(shape)
        return real


def _scales(details: Any) -> NDArray[np.float32]:
    scales: NDArray[np.float32] = details["quantization_parameters"]["scales"]
    return scales


def _grid(details: Any) -> Grid:
    kind = np.iinfo(details["dtype"])
    quantization = details["quantization_parameters"]
    return Grid(
        scale=float(quantization["scales"][0]),
        zero_point=int(quantization["zero_points"][0]),
        lowest=int(kind.min),
        highest=int(kind.max),
    )
