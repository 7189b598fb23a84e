"""An open face detector: from an image to boxes."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.decoding import Decoder, without_doubles
from fer_edge.detector.file import DetectorFile
from fer_edge.errors import ModelError
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.graph import read_graph

_MOST_SIZES = 2
"""Number of cached interpreters, one per input size; each has its own memory."""
_CHANNELS = 3
_RAW = {np.dtype(np.uint8): (1.0, 0), np.dtype(np.int8): (1.0, -128)}


class _Look:
    """An interpreter for one input size."""

    def __init__(self, file: DetectorFile, interpreter: Any, min_score: float) -> None:
        self._interpreter = interpreter
        inputs = interpreter.get_input_details()
        if len(inputs) != 1:
            raise ModelError(f"{file.path} has {len(inputs)} inputs, expected one")
        self._input = inputs[0]
        _check_input(file, self._input)
        _, height, width, _ = map(int, self._input["shape"])
        outputs: dict[tuple[int, ...], Any] = {
            tuple(map(int, output["shape"])): output for output in interpreter.get_output_details()
        }
        details = []
        for head in file.card.heads:
            shape = (1, height // head.stride, width // head.stride, len(head.scales))
            if shape not in outputs:
                raise ModelError(
                    f"{file.path}: no output has the shape {shape} of the card's stride "
                    f"{head.stride}; create it again: fer-edge convert-detector"
                )
            details.append(outputs[shape])
        self._outputs = [output["index"] for output in details]
        self._decoder = Decoder(file.card.heads, details, min_score)

    def faces(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the boxes with a sufficient score; see `Decoder.faces`."""
        self._write(image)
        self._interpreter.invoke()
        outputs = [self._interpreter.get_tensor(index) for index in self._outputs]
        return self._decoder.faces(outputs)

    def _write(self, image: NDArray[np.uint8]) -> None:
        """Write the pixels into the input tensor; the rest, below and to the right, is black."""
        height, width = image.shape[:2]
        # no reference to the tensor's memory may remain when the interpreter is invoked
        tensor = self._interpreter.tensor(self._input["index"])()[0]
        if tensor.dtype == np.int8:
            # pixel - 128, computed by flipping the sign bit: in one pass, without a wider type
            np.bitwise_xor(image, np.uint8(128), out=tensor.view(np.uint8)[:height, :width])
        else:
            tensor[:height, :width] = image
        black = -128 if tensor.dtype == np.int8 else 0
        tensor[height:] = black
        tensor[:height, width:] = black


class DetectorNetwork:
    """An open detector file, with an interpreter for each of the most recent input sizes."""

    def __init__(
        self,
        file: DetectorFile,
        *,
        min_score: float = 0.6,
        threads: int = 1,
        delegate: str | None = None,
    ) -> None:
        """Open the detector.

        Args:
            file: From `read_detector`.
            min_score: Faces below it are dropped, 0 to 1.
            threads: CPU threads per inference.
            delegate: `edgetpu`, a TFLite delegate's library, or None.

        Raises:
            ModelError: The graph cannot be run, or contradicts the card.
            MissingExtraError: No TFLite runtime is installed.
        """
        self.file = file
        self._min_score = min_score
        self._threads = threads
        self._delegate = delegate
        self._looks: OrderedDict[tuple[int, int], _Look] = OrderedDict()
        smallest = file.card.input.multiple_px
        self._look_of(self.fixed_size or (smallest, smallest))  # a file that cannot run fails here
        if self.fixed_size is None:
            self._looks.clear()

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """The only (height, width) that it accepts; None if any."""
        spec = self.file.card.input
        return None if spec.is_resizable else (spec.height, spec.width)

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find faces in an image at its original size.

        Args:
            image: uint8, (height, width, 3), BGR, not empty; it must fit into `fixed_size`.

        Returns:
            float32, (n, 5): left, top, right, bottom in pixels of the image, and the score, the
            best first. A box may extend beyond the image; its center does not.

        Raises:
            ModelError: The image is larger than the input, or there is not enough memory for its
                size.
        """
        height, width = image.shape[:2]
        size = self._input_size(height, width)
        faces = self._look_of(size).faces(image)
        if len(faces) and size != (height, width):
            # detections in the black border are false
            centers = faces[:, :2] + faces[:, 2:4]
            faces = faces[((centers >= 0) & (centers <= (2 * width, 2 * height))).all(axis=1)]
        return without_doubles(faces)

    def macs(self, height: int, width: int) -> int:
        """Count the multiply-accumulates of an inference on an image of this size.

        Raises:
            MissingExtraError: LiteRT, which reads graphs, is not installed.
        """
        rows, columns = self._input_size(height, width)
        spec = self.file.card.input
        # all operators are convolutions, so the cost is proportional to the area
        stored = read_graph(self.file.flatbuffer).macs
        return stored * rows * columns // (spec.height * spec.width)

    def _input_size(self, height: int, width: int) -> tuple[int, int]:
        fixed, multiple = self.fixed_size, self.file.card.input.multiple_px
        if fixed is None:
            return -(-height // multiple) * multiple, -(-width // multiple) * multiple
        if height > fixed[0] or width > fixed[1]:
            raise ModelError(
                f"{self.file.path} reads {fixed[1]}x{fixed[0]} pixels, got {width}x{height}; "
                "shrink the image"
            )
        return fixed

    def _look_of(self, size: tuple[int, int]) -> _Look:
        look = self._looks.get(size)
        if look is None:
            while len(self._looks) >= _MOST_SIZES:
                self._looks.popitem(last=False)
            look = self._looks[size] = _Look(self.file, self._open(size), self._min_score)
        self._looks.move_to_end(size)
        return look

    def _open(self, size: tuple[int, int]) -> Any:
        return open_interpreter(
            find_runtime(),
            self.file.flatbuffer,
            name=f"{self.file.path} at {size[1]}x{size[0]} pixels",
            threads=self._threads,
            origin=self.file.origin,
            delegate=self._delegate,
            input_shape=None if self.fixed_size else (1, *size, _CHANNELS),
        )


def _check_input(file: DetectorFile, tensor: Mapping[str, Any]) -> None:
    spec, dtype = file.card.input, np.dtype(tensor["dtype"])
    shape, stored = tuple(map(int, tensor["shape"])), (1, spec.height, spec.width, _CHANNELS)
    if len(shape) != 4 or shape[3] != _CHANNELS or (not spec.is_resizable and shape != stored):
        raise ModelError(
            f"{file.path}: the input is {shape}, the card states {stored}; create it again: "
            "fer-edge convert-detector"
        )
    scale, zero_point = tensor["quantization"]
    if dtype != np.float32 and (scale, zero_point) != _RAW.get(dtype):
        raise ModelError(
            f"{file.path}: expected raw pixels as input (uint8, int8 or float32), got {dtype} "
            f"with scale {scale:g} and zero point {zero_point}"
        )
