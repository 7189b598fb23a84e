"""Loops over time in a network: TFLite runs them in float, its quantiser ends the process."""

from collections.abc import Iterator, Sequence
from typing import Any

from fer_edge.errors import ModelError

from .stock_names import RECURRENT
from .tflite import trace

INTEGER_VARIANTS = ("int8", "int16x8")


def check_loops(network: Any, variants: Sequence[str]) -> None:
    """Check that nothing which is to be calibrated has a loop.

    Recurrent layers become loops of the graph, except with `unroll=True`. The quantiser of
    TensorFlow 2.21 dies on them by a signal.

    Raises:
        ModelError: An integer variant is asked for, and the network has a loop.
    """
    asked = [name for name in variants if name in INTEGER_VARIANTS]
    if not asked or not _has_loop(network):
        return
    names = [f"{layer.name} ({type(layer).__name__})" for layer in _recurrent(network)]
    where = f": {', '.join(names)}" if names else ""
    raise ModelError(
        f"the network has a recurrent layer{where}, which cannot be quantized to "
        f"{' or '.join(asked)}; choose --float32, --float16 or --dynamic, or build it with "
        "unroll=True"
    )


def _has_loop(network: Any) -> bool:
    graph = trace(network).graph.as_graph_def()
    nodes = [*graph.node, *(node for item in graph.library.function for node in item.node_def)]
    return any(node.op in ("While", "StatelessWhile") for node in nodes)


def _recurrent(network: Any) -> Iterator[Any]:
    for layer in getattr(network, "layers", ()):
        kinds = {kind.__name__ for kind in type(layer).__mro__}
        if kinds & RECURRENT:
            yield layer
        else:
            yield from _recurrent(layer)
