"""Random numbers in a graph: dropout or augmentation in training mode."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError

_RANDOM = re.compile(r"Random|Multinomial|TruncatedNormal|SampleDistortedBoundingBox")


def random_operations(graph: Any) -> tuple[str, ...]:
    """Return the operations of a GraphDef that draw random numbers, also in its functions."""
    return tuple(sorted({node.op for node in _nodes(graph) if _RANDOM.search(node.op)}))


def check_random(graph: Any, path: Path) -> None:
    """Check that a graph always gives the same answer for the same picture.

    Args:
        graph: GraphDef in inference mode.
        path: Path of the network, for messages.

    Raises:
        ModelError: It draws random numbers.
    """
    found = random_operations(graph)
    if found:
        raise ModelError(
            f"{path} computes with random numbers ({', '.join(found)}), such as those of dropout "
            "or augmentation in training mode; save it in inference mode (training=False)"
        )


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def
