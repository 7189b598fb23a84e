"""Graphs that harm the process that opens them: by a signal, by memory, or by a runtime error."""

from typing import Any

from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model
from tests.support.graph_edits import add_operator_code, dense_float_model, rebuild


def crashing_graph() -> bytes:
    """Make a graph whose first convolution has no weights: LiteRT reads address 0."""

    def change(model: Any) -> None:
        operator = model.subgraphs[0].operators[0]
        for operator in model.subgraphs[0].operators:
            if type(operator.builtinOptions).__name__ == "Conv2DOptionsT":
                operator.inputs = [operator.inputs[0], -1, operator.inputs[2]]
                return

    return rebuild(read_model(bundled_models()["tiny"]).flatbuffer, change)


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
