"""Detection of loops over time, which are not supported for single pictures."""

from collections.abc import Iterator
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.keras_files.names import RECURRENT

from .tflite import trace

_LOOPS = ("While", "StatelessWhile", "LoopCond")
"""The last name is TensorFlow 1's."""


def check_loops(network: Any) -> None:
    """Check that a network has no loop.

    Recurrent layers become loops in the graph, except with `unroll=True`. TFLite stores them as
    separate graphs, on which TensorFlow's quantizer crashes.

    Raises:
        ModelError: It has a loop; the message names the layers.
    """
    if not _has_loop(network):
        return
    names = [f"{layer.name} ({type(layer).__name__})" for layer in _recurrent(network)]
    where = f": {', '.join(names)}" if names else ""
    raise ModelError(
        f"the network has a recurrent layer{where}, which cannot be converted as a loop; "
        "build the layer with unroll=True, load the weights into it and save it again"
    )


def _has_loop(network: Any) -> bool:
    graph = trace(network).graph.as_graph_def()
    nodes = [*graph.node, *(node for item in graph.library.function for node in item.node_def)]
    return any(node.op in _LOOPS for node in nodes)


def _recurrent(network: Any) -> Iterator[Any]:
    for layer in getattr(network, "layers", ()):
        kinds = {kind.__name__ for kind in type(layer).__mro__}
        if kinds & RECURRENT:
            yield layer
        else:
            yield from _recurrent(layer)
