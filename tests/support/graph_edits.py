"""TFLite graphs, made or changed with LiteRT's schema, for tests without TensorFlow."""

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Change = Callable[[Any], None]
"""Function that changes a `schema.ModelT` in place."""


def rebuild(flatbuffer: bytes, change: Change) -> bytes:
    """Unpack a TFLite model, change it, and pack it again."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    change(model)
    return pack(model)


def pack(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def add_operator_code(model: Any, name: str, *, custom: str = "") -> int:
    """Append an operator code; return its index."""
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, name)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.customCode = custom or None
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def replace_operator(model: Any, index: int, name: str) -> None:
    """Change the type of an operator; its tensors and options stay as they are."""
    model.subgraphs[0].operators[index].opcodeIndex = add_operator_code(model, name)


def renamed(flatbuffer: bytes, name: str | None) -> bytes:
    """Give all tensors the same name; None strips the names, as TensorFlow's strip_strings does."""

    def change(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.name = name

    return rebuild(flatbuffer, change)


def make_edgetpu_file(flatbuffer: bytes) -> bytes:
    """Replace the whole graph by one `edgetpu-custom-op`, as in a file compiled for Edge TPU."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        operator = schema.OperatorT()
        operator.opcodeIndex = add_operator_code(model, "CUSTOM", custom="edgetpu-custom-op")
        operator.inputs, operator.outputs = graph.inputs, graph.outputs
        graph.operators = [operator]

    return rebuild(flatbuffer, change)


def dense_float_model(classes: int = 3, side: int = 2) -> bytes:
    """Make a runnable float32 model: one dense layer on a gray (1, side, side, 1) input."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], []
    model.buffers = [schema.BufferT() for _ in range(3)]
    weights = np.arange(classes * side * side, dtype=np.float32)
    model.buffers[1].data = weights.view(np.uint8)
    shapes = {"face": (1, side, side, 1), "weights": (classes, side * side), "out": (1, classes)}
    graph.tensors = []
    for i, (name, shape) in enumerate(shapes.items()):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), i if i == 1 else 0
        tensor.type = schema.TensorType.FLOAT32
        graph.tensors.append(tensor)
    operator = schema.OperatorT()
    operator.opcodeIndex = add_operator_code(model, "FULLY_CONNECTED")
    operator.inputs, operator.outputs = [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph.operators, graph.inputs, graph.outputs = [operator], [0], [2]
    return pack(model)
