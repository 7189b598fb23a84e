"""A TFLite graph as data: operators, parameters, multiply-accumulates. Nothing is run.

It is parsed with LiteRT's generated flatbuffer schema.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import MissingExtraError, ModelError
from fer_edge.shown import printable

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_FLOATS = ("FLOAT16", "FLOAT32", "FLOAT64")
_INTEGERS = ("UINT8", "INT8", "INT16")
_WITH_PARAMETERS = (*_WEIGHTED, "ADD", "MUL", "SUB", "PRELU")
_MOST_ITEMS = 500_000
"""Largest number of tensors, operators, and entries of shapes, scales and ends; large networks have
about 10,000."""
_MOST_INDICES = 64  # axes, paddings and strides have far fewer values; a bias may have more


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        name: Name given by the converter; it may be empty, or that of other tensors too.
        shape: Shape of the tensor.
        dtype: Type name in the schema: FLOAT32, INT8, UINT8, INT32, ...
        is_constant: Whether its values are in the file.
        scales: Quantization scales; several where weights are quantized per channel.
        zero_points: One per scale.
        open_axes: Axes whose size is known at run time only; `shape` has 1 there.
        size_bytes: Size of a constant's values in the file; 0 for others.
        indices: Values of a small int32 constant: axes, paddings, strides; empty for others.
        index: Number in the file, as an interpreter uses it; it identifies the tensor. -1 for a
            tensor that is not from a file.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    is_constant: bool
    scales: tuple[float, ...]
    zero_points: tuple[int, ...] = ()
    open_axes: tuple[int, ...] = ()
    size_bytes: int = 0
    indices: tuple[int, ...] = ()
    index: int = -1

    @property
    def has_real_values(self) -> bool:
        """Whether its values stand for real numbers: float32, or an integer type with a scale."""
        return self.dtype == "FLOAT32" or (
            self.dtype in _INTEGERS and len(self.scales) == 1 and self.scales[0] > 0
        )

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def is_dynamic(self) -> bool:
        """Whether a dimension is known at run time only."""
        return bool(self.open_axes)


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of the graph; absent optional inputs are left out.

    Attributes:
        name: Name of the built-in operator, or CUSTOM.
        inputs: Data first, in the schema's order.
        outputs: In the schema's order.
        version: Version of the built-in operator.
        custom_name: Name of a CUSTOM operator, else empty.
        options: Object of the schema (Conv2DOptionsT, ...), or None if it has none.
    """

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    version: int = 1
    custom_name: str = ""
    options: Any = None


@dataclass(frozen=True, slots=True)
class Graph:
    """The main subgraph of a TFLite file: operators in execution order, inputs and outputs."""

    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        widened = self._widened()
        constants = {
            tensor.index: tensor.size
            for operator in self.operators
            if operator.name in _WITH_PARAMETERS
            for tensor in operator.inputs
            if tensor.is_constant or tensor.index in widened
        }
        return sum(constants.values())

    def weight_types(self) -> dict[tuple[str, str], int]:
        """Count the weights of convolutions and dense layers.

        Returns:
            Their number by type: the names of the activations' and of the weights' type.
        """
        widened, found = self._widened(), Counter[tuple[str, str]]()
        for operator in self.operators:
            if operator.name not in _WEIGHTED or len(operator.inputs) < 2:
                continue
            weights = operator.inputs[1]
            stored = widened.get(weights.index, weights.dtype)
            found[operator.outputs[0].dtype, stored] += weights.size
        return dict(found)

    def _widened(self) -> dict[int, str]:
        """Return the stored type of constants that go through a DEQUANTIZE, as float16 ones do."""
        return {
            tensor.index: operator.inputs[0].dtype
            for operator in self.operators
            if operator.name == "DEQUANTIZE" and operator.inputs[0].is_constant
            for tensor in operator.outputs
        }

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and dense layers per inference."""
        return sum(_macs(operator) for operator in self.operators)

    @property
    def float_operators(self) -> tuple[str, ...]:
        """Operators that compute in floating point, in order; none in a full-integer graph."""
        return tuple(
            operator.name
            for operator in self.operators
            if operator.name not in ("QUANTIZE", "DEQUANTIZE")
            and any(tensor.dtype in _FLOATS for tensor in (*operator.inputs, *operator.outputs))
        )

    def counts(self) -> dict[str, int]:
        """Return the number of occurrences of each operator, the most frequent first."""
        return dict(Counter(operator.name for operator in self.operators).most_common())


def read_graph(flatbuffer: bytes) -> Graph:
    """Read the graph of a TFLite file.

    Raises:
        ModelError: It is damaged, or has several subgraphs.
        MissingExtraError: LiteRT, whose schema reads it, is not installed.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingExtraError(
            "reading a TFLite graph needs LiteRT; run: pip install ai-edge-litert (where "
            "tflite-runtime is used, in another environment)"
        ) from error
    try:
        model = schema.Model.GetRootAs(flatbuffer, 0)
        if model.SubgraphsLength() != 1:
            raise ModelError(f"the model has {model.SubgraphsLength()} subgraphs, expected 1")
        _check_lengths(model.Subgraphs(0))
        graph = _read_subgraph(model, model.Subgraphs(0), schema)
        _ = graph.parameters, graph.macs  # inconsistent shapes would fail here later
    except ModelError:
        raise
    # the generated code raises many types of exceptions for a damaged file
    except Exception as error:
        reason = printable(error) or type(error).__name__
        raise ModelError(f"the TFLite graph is damaged: {reason}") from error
    return graph


def _check_lengths(subgraph: Any) -> None:
    """Reject lists longer than in any network; many entries may refer to one long list.

    Raises:
        ModelError: There are too many items.
    """
    count = 0
    tensors, operators = subgraph.TensorsLength(), subgraph.OperatorsLength()
    for i in range(min(tensors, _MOST_ITEMS)):
        tensor = subgraph.Tensors(i)
        quantization = tensor.Quantization()
        count += 1 + tensor.ShapeLength() + tensor.ShapeSignatureLength()
        count += quantization.ScaleLength() if quantization else 0
        count += quantization.ZeroPointLength() if quantization else 0
    for i in range(min(operators, _MOST_ITEMS)):
        operator = subgraph.Operators(i)
        count += 1 + operator.InputsLength() + operator.OutputsLength()
    if max(count, tensors, operators) > _MOST_ITEMS:
        raise ModelError(f"the TFLite graph is damaged: it declares more than {_MOST_ITEMS} items")


def _read_subgraph(model: Any, subgraph: Any, schema: Any) -> Graph:
    operator_names = _enum_names(schema.BuiltinOperator)
    dtypes = _enum_names(schema.TensorType)
    tensors = []
    for i in range(subgraph.TensorsLength()):
        tensor = subgraph.Tensors(i)
        buffer = model.Buffers(tensor.Buffer())
        quantization = tensor.Quantization()
        scales, zero_points = (), ()
        if quantization and quantization.ScaleLength():
            scales = quantization.ScaleAsNumpy()
            zero_points = quantization.ZeroPointAsNumpy() if quantization.ZeroPointLength() else ()
        dtype = dtypes[tensor.Type()]
        indices: Any = ()
        if dtype == "INT32" and 0 < buffer.DataLength() <= _MOST_INDICES * 4:
            indices = buffer.DataAsNumpy().view("<i4")
        axes = range(tensor.ShapeSignatureLength())
        tensors.append(
            Tensor(
                name=(tensor.Name() or b"").decode("utf-8", "replace"),
                shape=tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength())),
                dtype=dtype,
                # ai-edge-quantizer stores large ones after the flatbuffer, by offset and size
                is_constant=buffer.DataLength() > 0 or buffer.Size() > 0,
                scales=tuple(map(float, scales)),
                zero_points=tuple(map(int, zero_points)),
                open_axes=tuple(axis for axis in axes if tensor.ShapeSignature(axis) < 0),
                size_bytes=buffer.DataLength() or buffer.Size(),
                indices=tuple(map(int, indices)),
                index=i,
            )
        )
    operators = []
    for i in range(subgraph.OperatorsLength()):
        operator = subgraph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex())
        # old files store small codes in a byte, new ones in an int; the larger value is correct
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        inputs = (operator.Inputs(k) for k in range(operator.InputsLength()))
        outputs = (operator.Outputs(k) for k in range(operator.OutputsLength()))
        operators.append(
            Operator(
                name=operator_names[number],
                inputs=tuple(tensors[k] for k in inputs if k >= 0),
                outputs=tuple(tensors[k] for k in outputs),
                version=code.Version(),
                custom_name=(code.CustomCode() or b"").decode("utf-8", "replace"),
                options=schema.BuiltinOptionsCreator(
                    operator.BuiltinOptionsType(), operator.BuiltinOptions()
                ),
            )
        )
    return Graph(
        tuple(operators),
        inputs=tuple(tensors[subgraph.Inputs(i)] for i in range(subgraph.InputsLength())),
        outputs=tuple(tensors[subgraph.Outputs(i)] for i in range(subgraph.OutputsLength())),
    )


def _macs(operator: Operator) -> int:
    if operator.name not in _WEIGHTED or len(operator.inputs) < 2:
        return 0
    if operator.name == "TRANSPOSE_CONV":  # inputs: output shape, weights (o, h, w, i), data
        weights, data = operator.inputs[1], operator.inputs[2]
        return data.size * weights.size // weights.shape[-1]
    weights, output = operator.inputs[1], operator.outputs[0]
    if operator.name == "DEPTHWISE_CONV_2D":  # weights (1, h, w, o)
        return output.size * weights.size // weights.shape[-1]
    return output.size * weights.size // weights.shape[0]  # weights (o, ...)


def _enum_names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}
