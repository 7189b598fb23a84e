"""Matching of operators in two TFLite files of one network: float32 and quantized.

Tensor names are not suitable: a quantization-aware network has different names. Positions are not
suitable either: quantized files have additional QUANTIZE and DEQUANTIZE operators. So both graphs
are walked in step, backward from the output.
"""

from collections.abc import Mapping

from fer_edge.errors import ModelError
from fer_edge.model.graph import Graph, Operator, Tensor

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
"""Operators that change the type of a tensor and belong to no layer."""

Pair = tuple[Operator, Operator]


def match_operators(first: Graph, second: Graph) -> tuple[Pair, ...]:
    """Pair the operators of two graphs, in the order of the first; conversions are left out.

    Raises:
        ModelError: The graphs belong to different networks.
    """
    ends = [[o for o in graph.operators if o.name not in CONVERSIONS] for graph in (first, second)]
    if not ends[0] or not ends[1]:
        raise ModelError("a model without operators cannot be compared")
    walk = _Walk(producers(first), producers(second))
    if not walk.matches(ends[0][-1].outputs[0], ends[1][-1].outputs[0]):
        raise ModelError(
            f"the two files contain different networks: {walk.difference}; convert both from the "
            "same run"
        )
    return tuple(
        (operator, walk.pairs[operator.outputs[0].index])
        for operator in first.operators
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


class _Walk:
    """State of the backward walk through two graphs."""

    def __init__(self, first: dict[int, Operator], second: dict[int, Operator]) -> None:
        self.written_by = first, second
        self.pairs: dict[int, Operator] = {}
        self.difference = ""
        self._failed: set[tuple[int, int]] = set()

    def matches(self, first: Tensor, second: Tensor) -> bool:
        """Pair the operators that write two tensors, and all operators before them."""
        one, other = self._origin(0, first), self._origin(1, second)
        if one is None or other is None:
            return one is other  # both reach the network's input
        key = one.outputs[0].index, other.outputs[0].index
        if key[0] in self.pairs:
            return self.pairs[key[0]] is other
        if key in self._failed:
            return False
        sides = self._data(0, one), self._data(1, other)
        if one.name != other.name or len(sides[0]) != len(sides[1]):
            self.difference = (
                f"{one.name} of {len(sides[0])} inputs ({one.outputs[0].name[:60]}) is in the "
                f"place of {other.name} of {len(sides[1])}"
            )
        elif one.outputs[0].shape != other.outputs[0].shape:
            self.difference = (
                f"{one.name} produces {one.outputs[0].shape}, the other's {other.outputs[0].shape}"
            )
        else:
            orders = [sides[1]]
            if one.name in ("ADD", "MUL", "MAXIMUM", "MINIMUM"):
                orders.append(sides[1][::-1])
            for order in orders:
                before = dict(self.pairs)
                self.pairs[key[0]] = other
                if all(self.matches(a, b) for a, b in zip(sides[0], order, strict=True)):
                    return True
                self.pairs = before
        self._failed.add(key)
        return False

    def _origin(self, side: int, tensor: Tensor) -> Operator | None:
        written_by = self.written_by[side]
        return written_by.get(before_conversions(tensor, written_by).index)

    def _data(self, side: int, operator: Operator) -> tuple[Tensor, ...]:
        """Return the inputs that are not constants."""
        return tuple(
            tensor
            for tensor in operator.inputs
            if not before_conversions(tensor, self.written_by[side]).is_constant
        )
