"""A TFLite graph as data: operators, parameters, multiply-accumulates. Nothing is run.

The reader is LiteRT's own generated flatbuffer schema.
"""

import struct
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.errors import MissingExtraError, ModelError

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_WITH_PARAMETERS = (*_WEIGHTED, "ADD", "MUL", "SUB", "PRELU")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        name: Given by the converter.
        shape: Of the tensor.
        dtype: Name in the schema: FLOAT32, INT8, UINT8, INT32, ...
        is_constant: Whether its values are in the file.
        scales: Quantisation scales; several where weights are quantised per channel.
        index: Its number in the file, by which an interpreter knows it; -1 if made by hand.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    is_constant: bool
    scales: tuple[float, ...]
    index: int = -1

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of the graph; its inputs leave out the optional ones that are absent."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The main subgraph of a TFLite file."""

    operators: tuple[Operator, ...]

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        constants = {
            tensor.name: tensor.size
            for operator in self.operators
            if operator.name in _WITH_PARAMETERS
            for tensor in operator.inputs
            if tensor.is_constant
        }
        return sum(constants.values())

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and dense layers in one inference."""
        return sum(_macs(operator) for operator in self.operators)

    def counts(self) -> dict[str, int]:
        """Return how often each operator occurs, the most frequent first."""
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
            "reading a TFLite graph needs LiteRT; run: pip install ai-edge-litert"
        ) from error
    try:
        model = schema.Model.GetRootAs(flatbuffer, 0)
        if model.SubgraphsLength() != 1:
            raise ModelError(f"the model has {model.SubgraphsLength()} subgraphs, wanted 1")
        return _read_subgraph(model, model.Subgraphs(0), schema)
    except (struct.error, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"the TFLite graph is damaged: {error}") from error


def _read_subgraph(model: Any, subgraph: Any, schema: Any) -> Graph:
    operator_names = _enum_names(schema.BuiltinOperator)
    dtypes = _enum_names(schema.TensorType)
    tensors = []
    for i in range(subgraph.TensorsLength()):
        tensor = subgraph.Tensors(i)
        quantization = tensor.Quantization()
        buffer = model.Buffers(tensor.Buffer())
        scales = quantization.ScaleAsNumpy() if quantization and quantization.ScaleLength() else ()
        tensors.append(
            Tensor(
                name=tensor.Name().decode("utf-8", "replace"),
                shape=tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength())),
                dtype=dtypes[tensor.Type()],
                # ai-edge-quantizer puts large ones behind the flatbuffer, by offset and size
                is_constant=buffer.DataLength() > 0 or buffer.Size() > 0,
                scales=tuple(map(float, scales)),
                index=i,
            )
        )
    operators = []
    for i in range(subgraph.OperatorsLength()):
        operator = subgraph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex())
        # old files store small codes in a byte, new ones in an int; the larger one is right
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        inputs = (operator.Inputs(k) for k in range(operator.InputsLength()))
        outputs = (operator.Outputs(k) for k in range(operator.OutputsLength()))
        operators.append(
            Operator(
                name=operator_names[number],
                inputs=tuple(tensors[k] for k in inputs if k >= 0),
                outputs=tuple(tensors[k] for k in outputs),
            )
        )
    return Graph(tuple(operators))


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
