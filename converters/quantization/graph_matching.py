"""Matching of operators in two TFLite files of one network: float32 and quantized.

Tensor names are not suitable: a quantization-aware network has different names. Positions are not
suitable either: quantized files have additional QUANTIZE and DEQUANTIZE operators. So both graphs
are walked in step, backward from the output. Where the order of two inputs does not matter, the
structure of what computes them decides.
"""

from collections.abc import Mapping

from fer_edge.errors import ModelError
from fer_edge.model.graph import Graph, Operator, Tensor

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
"""Operators that change the type of a tensor and belong to no layer."""

_COMMUTATIVE = ("ADD", "MUL", "MAXIMUM", "MINIMUM")
_MOST_ATTEMPTS = 10_000
"""Largest number of other orders that are tried; networks need a few, if any."""

Pair = tuple[Operator, Operator]
_Source = tuple[Operator, int] | None
"""An operator, and which of its outputs; None for the network's input."""
_Due = list[tuple[_Source, _Source]]
"""Sources to pair next."""
_Choice = tuple[_Due, int]
"""What is due with the inputs in the other order, and the number of pairs before it."""


def match_operators(first: Graph, second: Graph) -> tuple[Pair, ...]:
    """Pair the operators of two graphs, in the order of the first; conversions are left out.

    Raises:
        ModelError: The graphs belong to different networks.
    """
    ends = [
        [o for o in graph.operators if o.outputs and o.name not in CONVERSIONS]
        for graph in (first, second)
    ]
    if not ends[0] or not ends[1]:
        raise ModelError("a model without operators cannot be compared")
    walk = _Walk(first, second)
    if not walk.matches((ends[0][-1], 0), (ends[1][-1], 0)):
        raise ModelError(f"{walk.difference}; convert both files from the same run")
    return tuple(
        (operator, walk.pairs[operator.outputs[0].index])
        for operator in ends[0]
        if operator.outputs[0].index in walk.pairs
    )


def producers(graph: Graph) -> dict[int, Operator]:
    """Return the operator that writes each tensor, by tensor index."""
    return {tensor.index: operator for operator in graph.operators for tensor in operator.outputs}


def before_conversions(tensor: Tensor, written_by: Mapping[int, Operator]) -> Tensor:
    """Follow a tensor back through QUANTIZE and DEQUANTIZE, such as those of float16 weights."""
    while (writer := written_by.get(tensor.index)) is not None and writer.name in CONVERSIONS:
        tensor = writer.inputs[0]
    return tensor


class _Side:
    """One graph: the operators that compute the data of each operator, and its structure."""

    def __init__(self, graph: Graph, numbers: dict[object, int]) -> None:
        """Number the structures.

        Args:
            graph: The graph, whose operators are in the order of computation.
            numbers: Number of each structure, shared by both graphs.
        """
        written_by = producers(graph)
        places = {t.index: place for o in graph.operators for place, t in enumerate(o.outputs)}
        self._sources: dict[int, tuple[_Source, ...]] = {}
        self._structures: dict[int, int] = {}
        for operator in graph.operators:
            if not operator.outputs:
                continue
            data = [before_conversions(tensor, written_by) for tensor in operator.inputs]
            sources = tuple(
                (written_by[t.index], places[t.index]) if t.index in written_by else None
                for t in data
                if not t.is_constant
            )
            before = [self.structure(source) for source in sources]
            if operator.name in _COMMUTATIVE:
                before.sort()
            key = (operator.name, operator.outputs[0].shape, tuple(before))
            index = operator.outputs[0].index
            self._sources[index] = sources
            self._structures[index] = numbers.setdefault(key, len(numbers))

    def sources(self, operator: Operator) -> tuple[_Source, ...]:
        """Return what computes its inputs that are not constants."""
        return self._sources[operator.outputs[0].index]

    def structure(self, source: _Source) -> tuple[int, int]:
        """Return the number of everything that computes a tensor, and which output it is."""
        if source is None:
            return (-1, 0)
        operator, place = source
        return self._structures[operator.outputs[0].index], place


class _Walk:
    """State of the backward walk through two graphs."""

    def __init__(self, first: Graph, second: Graph) -> None:
        numbers: dict[object, int] = {}
        self._sides = _Side(first, numbers), _Side(second, numbers)
        self.pairs: dict[int, Operator] = {}
        self.difference = ""

    def matches(self, first: _Source, second: _Source) -> bool:
        """Pair the operators of two sources, and all operators before them.

        Two equal branches may be in the other order in the second graph. If an operator inside them
        is paired with another one elsewhere, the walk returns to the last such place.
        """
        if not self._are_alike(first, second):
            self.difference = "the two files contain different networks: " + (
                self._first_difference(first, second)
            )
            return False
        due: _Due = [(first, second)]
        choices: list[_Choice] = []
        for _ in range(_MOST_ATTEMPTS):
            if self._walk(due, choices):
                return True
            if not choices:
                self.difference = (
                    "the two files contain different networks: one shares an operator where the "
                    "other computes it twice"
                )
                return False
            due, count = choices.pop()
            while len(self.pairs) > count:
                self.pairs.popitem()
        self.difference = "the operators of two files with many equal branches cannot be paired"
        return False

    def _walk(
        self,
        due: _Due,
        choices: list[_Choice],
    ) -> bool:
        """Pair what is due, and note the places where another order of the inputs fits."""
        while due:
            source, match = due.pop()
            if source is None or match is None:
                continue  # both are the network's input, since their structures are equal
            one, other = source[0], match[0]
            index = one.outputs[0].index
            if index in self.pairs:
                if self.pairs[index] is not other:
                    return False
                continue
            self.pairs[index] = other
            sources, others = self._sides[0].sources(one), self._sides[1].sources(other)
            straight, crossed = (
                list(zip(sources, order, strict=True)) for order in (others, others[::-1])
            )
            is_crossed = one.name in _COMMUTATIVE and all(self._are_alike(*p) for p in crossed)
            if not all(self._are_alike(*pair) for pair in straight):
                straight = crossed
            elif is_crossed and straight != crossed:
                choices.append(([*due, *reversed(crossed)], len(self.pairs)))
            due += reversed(straight)
        return True

    def _are_alike(self, one: _Source, other: _Source) -> bool:
        return self._sides[0].structure(one) == self._sides[1].structure(other)

    def _first_difference(self, first: _Source, second: _Source) -> str:
        """Describe the difference nearest to two sources that are not alike."""
        while first is not None and second is not None:
            one, other = first[0], second[0]
            sides = self._sides[0].sources(one), self._sides[1].sources(other)
            if one.name != other.name or len(sides[0]) != len(sides[1]):
                return (
                    f"{one.name} of {len(sides[0])} inputs ({one.outputs[0].name[:60]}) is in the "
                    f"place of {other.name} of {len(sides[1])}"
                )
            if one.outputs[0].shape != other.outputs[0].shape:
                return (
                    f"{one.name} produces {one.outputs[0].shape}, the other's "
                    f"{other.outputs[0].shape}"
                )
            pairs = [pair for pair in zip(*sides, strict=True) if not self._are_alike(*pair)]
            if not pairs:
                return f"{one.name} ({one.outputs[0].name[:60]}) has another output there"
            first, second = pairs[0]
        return "one reads the picture where the other reads an operator"
