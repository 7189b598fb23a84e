"""Practical limit of the machine: one large int8 convolution in the same interpreter.

The peak in a data sheet is not reached by any program. This is the speed of LiteRT on this CPU for
a layer that only multiplies: 3x3 over a 16x16 map from 256 to 256 channels, 151 million
multiply-accumulates, large enough to hide all overhead and small enough (0.6 MB of weights) for the
second-level cache. On an AMD EPYC, eight shapes from 38 to 340 million, 1x1 and 3x3, reached 200 to
222 billion per second; this one was the fastest. The file is created with LiteRT's schema, so that
a Pi does not need TensorFlow for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import MissingExtraError
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime

from .latency import Latency

SIDE, CHANNELS, KERNEL = 16, 256, 3
MACS = SIDE * SIDE * CHANNELS * CHANNELS * KERNEL * KERNEL

_INPUT_SCALE, _WEIGHT_SCALE, _OUTPUT_SCALE = 0.05, 0.01, 1.0


@dataclass(frozen=True, slots=True)
class MachineLimit:
    """Speed of LiteRT on this CPU for one large int8 convolution, in the same rounds.

    Attributes:
        threads: CPU threads.
        macs: Multiply-accumulates of the convolution.
        macs_per_second: Multiply-accumulates per second at the median.
        latency: Latency of the convolution.
    """

    threads: int
    macs: int
    macs_per_second: float
    latency: Latency


def machine_limit(threads: int, latency: Latency) -> MachineLimit:
    """Create the limit from the latency of the convolution."""
    return MachineLimit(threads, MACS, MACS / (latency.median_ms / 1e3), latency)


def reason_against() -> str | None:
    """Return why the limit cannot be measured here; None if it can."""
    try:
        _schema()
    except MissingExtraError as error:
        return f"not measured: {error}"
    return None


def large_convolution(threads: int) -> Callable[[], object]:
    """Return a function that runs the convolution once.

    Raises:
        ModelError: The runtime rejects it.
        MissingExtraError: LiteRT, whose schema writes it, is not installed.
    """
    interpreter: Any = open_interpreter(
        *(find_runtime(), convolution_flatbuffer()),
        name="the large convolution",
        threads=threads,
        origin="memory",
    )
    shape = (1, SIDE, SIDE, CHANNELS)
    pixels = np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    return lambda: interpreter.invoke()


def convolution_flatbuffer() -> bytes:
    """Create the convolution as a TFLite file: int8, weights per channel, same padding, no bias.

    Raises:
        MissingExtraError: LiteRT is not installed.
    """
    flatbuffers, schema = _schema()
    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (CHANNELS, KERNEL, KERNEL, CHANNELS)).astype(np.int8)
    bias = np.zeros(CHANNELS, np.int32)
    per_channel = np.ones(CHANNELS)
    shape, types = (1, SIDE, SIDE, CHANNELS), schema.TensorType
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor(schema, "input", shape, types.INT8, 0, [_INPUT_SCALE]),
        _tensor(schema, "weights", weights.shape, types.INT8, 1, per_channel * _WEIGHT_SCALE),
        _tensor(
            *(schema, "bias", bias.shape, types.INT32, 2),
            per_channel * _INPUT_SCALE * _WEIGHT_SCALE,
        ),
        _tensor(schema, "output", shape, types.INT8, 0, [_OUTPUT_SCALE]),
    ]
    graph.name, graph.inputs, graph.outputs = b"main", [0], [3]
    graph.operators = [_operator(schema)]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 3  # scales of int8 weights per channel
    model = schema.ModelT()
    model.version, model.description = 3, b"one large int8 convolution"
    model.subgraphs, model.operatorCodes = [graph], [code]
    model.buffers = [schema.BufferT(), _buffer(schema, weights), _buffer(schema, bias)]
    builder = flatbuffers.Builder(weights.nbytes + 65536)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _schema() -> tuple[Any, Any]:
    try:
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingExtraError("needs LiteRT; run: pip install ai-edge-litert") from error
    return flatbuffers, schema


def _operator(schema: Any) -> Any:
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideH = options.strideW = 1
    options.dilationHFactor = options.dilationWFactor = 1
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    operator.builtinOptions = options
    return operator


def _tensor(
    schema: Any, name: str, shape: tuple[int, ...], kind: int, buffer: int, scales: Any
) -> Any:
    quantization = schema.QuantizationParametersT()
    quantization.scale = [float(scale) for scale in scales]
    quantization.zeroPoint = [0] * len(quantization.scale)
    quantization.quantizedDimension = 0
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name.encode(), list(shape), kind
    tensor.buffer, tensor.quantization = buffer, quantization
    return tensor


def _buffer(schema: Any, values: NDArray[Any]) -> Any:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.astype(values.dtype.newbyteorder("<")).tobytes(), np.uint8)
    return buffer
