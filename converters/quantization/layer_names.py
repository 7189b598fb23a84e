"""Keras layers in a TFLite graph: the layer of each operator, and the readers of its output.

The converter writes the names of the Keras layers that it fused into an operator into the name of
its output tensor: "net/relu/Relu;net/norm/batchnorm/add;net/conv/convolution".
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from fer_edge.errors import ConfigError
from fer_edge.model.graph import Graph, Operator, Tensor

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""Operators with weights as second input."""

_PASSING = (
    *("MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"),
    *("TRANSPOSE", "PAD", "CONCATENATION", "SLICE", "STRIDED_SLICE", "GATHER"),
)
"""Operators with outputs in the range of their input: the range problems of both are the same."""


@dataclass(frozen=True, slots=True)
class Layer:
    """An operator with the name of its Keras layer.

    Attributes:
        name: Name of the layer with its weights; without weights, name of the layer itself.
        aliases: All layers that the converter fused into it, including `name`.
        operator: The operator.
        reach: Names of the layers that must be float for its output to stay float: the layer itself
            and the layers that read its output.
    """

    name: str
    aliases: tuple[str, ...]
    operator: Operator
    reach: tuple[str, ...]


def name_layers(graph: Graph) -> tuple[Layer, ...]:
    """Return the operators of a float32 file with their Keras layers, in graph order."""
    paths = [[_layers(tensor.name) for tensor in _own(o)] for o in graph.operators]
    suffix = _common_suffix([part for tensors in paths for names in tensors for part in names])
    aliases = [
        tuple(dict.fromkeys(part.removesuffix(suffix) for names in tensors for part in names))
        for tensors in paths
    ]
    firsts = [a[0] if a else o.name.lower() for a, o in zip(aliases, graph.operators, strict=True)]
    repeated = {name for name, count in Counter(firsts).items() if count > 1}
    names: list[str] = []
    for first, operator in zip(firsts, graph.operators, strict=True):
        name = f"{first}:{operator.name.lower()}" if first in repeated else first
        twins = sum(1 for other in names if other.partition("#")[0] == name)
        names.append(f"{name}#{twins + 1}" if twins else name)
    readers = _readers(graph)
    return tuple(
        Layer(
            name=name,
            aliases=tuple(dict.fromkeys((name, *others))),
            operator=operator,
            reach=tuple(names[k] for k in _reach(i, graph, readers)),
        )
        for i, (name, others, operator) in enumerate(
            zip(names, aliases, graph.operators, strict=True)
        )
    )


def find_layers(layers: Sequence[Layer], names: Sequence[str]) -> tuple[Layer, ...]:
    """Return the layers with these names or aliases, in graph order.

    Raises:
        ConfigError: A name is unknown.
    """
    meant = set()
    for name in names:
        found = [layer.name for layer in layers if name in layer.aliases]
        if not found:
            known = [alias for layer in layers for alias in layer.aliases]
            near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
            raise ConfigError(
                f"the network has no layer '{name}'; nearest: {', '.join(dict.fromkeys(near))}; "
                "the layer report lists all of them"
            )
        meant.update(found)
    return tuple(layer for layer in layers if layer.name in meant)


def _own(operator: Operator) -> list[Tensor]:
    """Return the tensors with the layer's name, the most specific first."""
    weights = operator.inputs[1:2] if operator.name in WEIGHTED else ()
    return [*(tensor for tensor in weights if tensor.is_constant), *operator.outputs]


def _layers(tensor_name: str) -> list[str]:
    """Split "net/conv/convolution;net/relu/Relu" into conv, relu."""
    paths = (path.split("/") for path in tensor_name.split(";"))
    return [path[1] for path in paths if len(path) > 2]


def _common_suffix(names: Sequence[str]) -> str:
    """Return "_1" if all names end in it: Keras 3 adds it when a network is traced again."""
    suffixes = {match.group() if (match := re.search(r"_\d+$", n)) else "" for n in names}
    return suffixes.pop() if len(suffixes) == 1 else ""


def _readers(graph: Graph) -> Mapping[int, list[int]]:
    readers: dict[int, list[int]] = {}
    for i, operator in enumerate(graph.operators):
        for tensor in operator.inputs:
            readers.setdefault(tensor.index, []).append(i)
    return readers


def _reach(start: int, graph: Graph, readers: Mapping[int, list[int]]) -> list[int]:
    reach, open_ends = {start}, [start]
    while open_ends:
        for tensor in graph.operators[open_ends.pop()].outputs:
            for reader in readers.get(tensor.index, ()):
                if reader not in reach:
                    reach.add(reader)
                    if graph.operators[reader].name in _PASSING:
                        open_ends.append(reader)
    return sorted(reach)
