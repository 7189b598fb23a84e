"""Graphs that harm the process that opens them: by a signal, by memory, or by a runtime error."""

from copy import deepcopy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model
from tests.support.graph_edits import add_operator_code, dense_float_model, rebuild


def crashing_graph() -> bytes:
    """Make the graph of `tiny` with a branch (IF) that is the graph itself.

    LiteRT prepares a branch together with its graph, so the stack overflows. A tensor that does
    not exist would not do: whether that crashes depends on what lies in memory.
    """

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors += [_constant_true(model), deepcopy(graph.tensors[graph.outputs[0]])]
        branch = schema.OperatorT()
        branch.opcodeIndex = add_operator_code(model, "IF")
        branch.inputs = [len(graph.tensors) - 2, *graph.inputs]
        branch.outputs = [len(graph.tensors) - 1]
        branch.builtinOptionsType = schema.BuiltinOptions.IfOptions
        branch.builtinOptions = schema.IfOptionsT()  # both branches are subgraph 0
        graph.operators = [branch, *graph.operators]

    return rebuild(read_model(bundled_models()["tiny"]).flatbuffer, change)


def _constant_true(model: Any) -> Any:
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = np.array([1], np.uint8)
    tensor = schema.TensorT()
    tensor.shape, tensor.type = [1], schema.TensorType.BOOL
    tensor.name, tensor.buffer = b"condition", len(model.buffers) - 1
    return tensor


def large_graph(side: int) -> bytes:
    """Make a graph of one element-wise operator on (1, side, side, 1) floats."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        for name in (0, 2):
            graph.tensors[name].shape = [1, side, side, 1]
        operator = graph.operators[0]
        operator.opcodeIndex = add_operator_code(model, "LOGISTIC")
        operator.inputs, operator.builtinOptions, operator.builtinOptionsType = [0], None, 0

    return rebuild(dense_float_model(), change)
