"""Connections of layers: any order is read in linear time, and what cannot be connected refused."""

from pathlib import Path
from typing import Any

import pytest

from fer_edge.errors import ModelError
from fer_edge.keras_files.links import MAX_LAYERS, check_links


def layer(name: str, *before: str, kind: str = "ReLU") -> dict[str, Any]:
    calls = [[[name, 0, 0, {}] for name in before]] if before else []
    return {"class_name": kind, "name": name, "config": {}, "inbound_nodes": calls}


def chain(length: int) -> list[dict[str, Any]]:
    """Return the layers of a chain, the last one first."""
    first = layer("x0", kind="InputLayer")
    return [*(layer(f"x{i}", f"x{i - 1}") for i in reversed(range(1, length))), first]


def check(layers: list[dict[str, Any]]) -> None:
    check_links({"config": {"layers": layers}}, Path("x.keras"))


def test_a_long_chain_in_reverse_order_is_followed() -> None:
    check(chain(MAX_LAYERS))


def test_a_network_inside_counts_its_creation_as_a_call() -> None:
    inner = layer("inner", "x", kind="Functional")
    later = layer("y")
    later["inbound_nodes"] = [[["inner", 1, 0, {}]]]
    check([later, inner, layer("x", kind="InputLayer")])


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([layer("a", "b"), layer("b", "a")], "layer a has inputs"),
        ([layer("a", "a")], "layer a has inputs"),
        ([layer("x", kind="InputLayer"), layer("a", "x", "c"), layer("c", "a")], "layer a has"),
        (chain(MAX_LAYERS + 1), "has a network of 4097 layers, expected at most 4096"),
    ],
)
def test_layers_that_cannot_be_connected_are_refused(
    layers: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        check(layers)
