"""Matching of graphs that are deep, or have equal branches in another order."""

import itertools
from collections.abc import Iterator

import pytest

from fer_edge.converters.quantization.graph_matching import match_operators
from fer_edge.errors import ModelError
from fer_edge.model.graph import Graph, Operator, Tensor


class Drawn:
    """A graph that a test draws operator by operator."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count()
        self._operators: list[Operator] = []
        self.picture = self._tensor("picture", (1, 8))

    def _tensor(self, name: str, shape: tuple[int, ...]) -> Tensor:
        return Tensor(name, shape, "FLOAT32", False, (), index=next(self._numbers))

    def add(self, kind: str, *inputs: Tensor, name: str = "", size: int = 8) -> Tensor:
        out = self._tensor(name, (1, size))
        self._operators.append(Operator(kind, inputs, (out,)))
        return out

    def split(self, tensor: Tensor) -> tuple[Tensor, ...]:
        halves = tuple(self._tensor("half", (1, 4)) for _ in range(2))
        self._operators.append(Operator("SPLIT", (tensor,), halves))
        return halves

    @property
    def graph(self) -> Graph:
        return Graph(tuple(self._operators))


def chain(length: int, kinds: tuple[str, ...] = ("CONV_2D", "RELU")) -> Graph:
    drawn = Drawn()
    tensor = drawn.picture
    for number in range(length):
        tensor = drawn.add(kinds[number % len(kinds)], tensor)
    return drawn.graph


def test_a_deep_network_is_matched() -> None:
    pairs = match_operators(chain(5000), chain(5000))
    assert len(pairs) == 5000
    with pytest.raises(ModelError, match="contain different networks"):
        match_operators(chain(5000), chain(5001))


def test_a_deep_network_with_residual_branches_is_matched() -> None:
    def residual(swap: bool) -> Graph:
        drawn = Drawn()
        tensor = drawn.picture
        for _ in range(1500):
            branch = drawn.add("CONV_2D", tensor)
            tensor = drawn.add("ADD", *((branch, tensor) if swap else (tensor, branch)))
        return drawn.graph

    pairs = match_operators(residual(False), residual(True))
    assert [(one.name, other.name) for one, other in pairs].count(("CONV_2D", "CONV_2D")) == 1500


@pytest.mark.parametrize("swap", [False, True])
def test_equal_branches_are_told_apart_by_their_other_use(swap: bool) -> None:
    def shared(swap: bool) -> Graph:
        drawn = Drawn()
        left = drawn.add("CONV_2D", drawn.picture, name="left")
        right = drawn.add("CONV_2D", drawn.picture, name="right")
        gate = drawn.add("RELU", left)
        both = drawn.add("ADD", *((right, left) if swap else (left, right)))
        drawn.add("CONCATENATION", gate, both)
        return drawn.graph

    names = [
        (one.outputs[0].name, other.outputs[0].name)
        for one, other in match_operators(shared(False), shared(swap))
        if one.name == "CONV_2D"
    ]
    assert names == [("left", "left"), ("right", "right")]


def test_outputs_of_one_operator_are_told_apart() -> None:
    def split(swap: bool) -> Graph:
        drawn = Drawn()
        left, right = drawn.split(drawn.picture)
        branches = [drawn.add("CONV_2D", left, name="left"), drawn.add("CONV_2D", right)]
        drawn.add("ADD", *(branches[::-1] if swap else branches))
        return drawn.graph

    pairs = match_operators(split(False), split(True))
    names = [tuple(o.outputs[0].name for o in pair) for pair in pairs if pair[0].name == "CONV_2D"]
    assert names == [("left", "left"), ("", "")]


def test_the_difference_nearest_to_the_output_is_named() -> None:
    def drawn(kind: str, size: int) -> Graph:
        made = Drawn()
        middle = made.add(kind, made.picture, size=size)
        made.add("SOFTMAX", made.add("FULLY_CONNECTED", middle))
        return made.graph

    with pytest.raises(ModelError, match=r"RELU of 1 inputs .* is in the place of TANH of 1"):
        match_operators(drawn("RELU", 8), drawn("TANH", 8))
    with pytest.raises(ModelError, match=r"RELU produces \(1, 8\), the other's \(1, 9\)"):
        match_operators(drawn("RELU", 8), drawn("RELU", 9))
    with pytest.raises(ModelError, match="without operators"):
        match_operators(Graph(()), Graph(()))
