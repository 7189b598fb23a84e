from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from fer_edge.schema import SchemaError, decode, encode


@dataclass(frozen=True, slots=True)
class Inner:
    rate: float
    kind: Literal["cosine", "plateau"] = "cosine"


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    epochs: int
    inner: Inner
    flip: bool = True
    shares: tuple[float, ...] = ()
    pair: tuple[int, str] = (1, "one")
    note: str | None = None
    place: int | str | None = None
    parts: tuple[Inner, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    file: Path | None = None


WHOLE = {
    "name": "x",
    "epochs": 3,
    "inner": {"rate": 1, "kind": "plateau"},
    "flip": False,
    "shares": [1, 0.5],
    "pair": [2, "two"],
    "note": None,
    "parts": [{"rate": 0.5}],
}


def test_plain_data_becomes_a_tree_and_goes_back() -> None:
    tree = decode(Outer, WHOLE)
    assert tree == Outer(
        "x", 3, Inner(1.0, "plateau"), False, (1.0, 0.5), (2, "two"), None, None, (Inner(0.5),)
    )
    assert isinstance(tree.inner.rate, float)
    assert decode(Outer, encode(tree)) == tree


def test_a_path_is_text_in_the_data() -> None:
    tree = decode(Place, {"file": "a/b.csv"})
    assert tree == Place(Path("a/b.csv"))
    assert encode(tree) == {"file": "a/b.csv"}
    with pytest.raises(SchemaError, match="'file' is int 3, expected Path"):
        decode(Place, {"file": 3})


def test_a_whole_number_that_no_float_can_hold_is_refused() -> None:
    with pytest.raises(SchemaError, match="'rate'"):
        decode(Inner, {"rate": 10**400})


def test_keys_with_a_default_may_be_left_out() -> None:
    assert decode(Outer, {"name": "x", "epochs": 3, "inner": {"rate": 0.1}}).note is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epoch": 3}, ["unknown key 'epoch'", "did you mean 'epochs'?"]),
        ({"zzz": 3}, ["unknown key 'zzz'", "known keys: name, epochs"]),
        ({"inner": {"rates": 1}}, ["'inner.rates'", "did you mean 'rate'?"]),
        ({"inner": {}}, ["'inner.rate' is missing"]),
        ({"inner": 4}, ["inner is int 4", "expected a table"]),
        ({"inner": {"rate": 1, "kind": "cosinus"}}, ["'inner.kind'", "did you mean 'cosine'?"]),
        ({"inner": {"rate": 1, "kind": 7}}, ["'inner.kind' is 7", "cosine, plateau"]),
        ({"inner": {"rate": True}}, ["'inner.rate' is bool True", "expected float"]),
        ({"inner": {"rate": "1"}}, ["'inner.rate' is str '1'", "expected float"]),
        ({"name": 3}, ["'name' is int 3", "expected str"]),
        ({"epochs": 3.0}, ["'epochs' is float 3.0", "expected int"]),
        ({"epochs": True}, ["'epochs' is bool True", "expected int"]),
        ({"epochs": None}, ["'epochs'", "expected int"]),
        ({"flip": 1}, ["'flip' is int 1", "expected bool"]),
        ({"shares": 0.5}, ["'shares' is float 0.5", "expected a list"]),
        ({"shares": [0.5, "a"]}, ["'shares[1]' is str 'a'", "expected float"]),
        ({"pair": [1]}, ["'pair' has 1 items, expected 2"]),
        ({"pair": ["a", "b"]}, ["'pair[0]'", "expected int"]),
        ({"note": 5}, ["'note' is int 5", "expected str"]),
        ({"place": 0.5}, ["'place' is float 0.5", "expected int or str"]),
        ({"parts": [{"rate": 1}, {}]}, ["'parts[1].rate' is missing"]),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    change: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(SchemaError) as caught:
        decode(Outer, WHOLE | change)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("data", [[], "text", 3, None])
def test_a_document_that_is_no_table_is_refused(data: object) -> None:
    with pytest.raises(SchemaError, match=r"the document is .*expected a table"):
        decode(Outer, data)


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(SchemaError) as caught:
        decode(Outer, WHOLE | {"epochs": "x" * 500})
    assert len(str(caught.value)) < 120
