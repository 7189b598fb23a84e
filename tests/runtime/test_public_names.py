"""Public names of `fer_edge`: complete for its signatures, and imported only when used."""

import importlib
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from types import FunctionType, SimpleNamespace

import pytest

import fer_edge
import fer_edge.runtime.recognition.recognizer

NOT_IN_3_10 = {"Unpack": getattr(typing, "Unpack", typing.Optional)}
"""Name -> replacement for names that are imported for type checkers only."""


def names_in(annotation: object) -> Iterator[str]:
    """Yield the names of fer_edge's types in an annotation."""
    for part in typing.get_args(annotation):
        yield from names_in(part)
    if isinstance(annotation, list):  # the parameters of a Callable
        for part in annotation:
            yield from names_in(part)
    if isinstance(annotation, type) and annotation.__module__.startswith("fer_edge"):
        yield annotation.__name__


def signatures(value: type) -> Iterator[Callable[..., object] | type]:
    """Yield the annotated public parts of a class: a dataclass itself, methods, properties."""
    if is_dataclass(value):
        yield value
    for name, member in vars(value).items():
        if not name.startswith("_") or name in ("__init__", "__iter__", "__getitem__"):
            member = member.fget if isinstance(member, property) else member
            if callable(member) and hasattr(member, "__annotations__"):
                yield member


def test_what_a_public_signature_names_is_public() -> None:
    supervision = SimpleNamespace(Detections=object)
    for name in fer_edge.__all__:
        value = getattr(fer_edge, name)
        if name in ("ModelCard", "UNCERTAIN"):  # docs/reference/card.md has the card's parts
            continue
        places = signatures(value) if isinstance(value, type) else [value]
        for place in places:
            hints = typing.get_type_hints(place, localns={"supervision": supervision})
            if is_dataclass(place):
                hints = {field.name: hints[field.name] for field in fields(place)}
            found = {found for hint in hints.values() for found in names_in(hint)}
            assert found <= set(fer_edge.__all__), f"{name}: {place}"


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in fer_edge.__all__:
        assert getattr(fer_edge, name) is not None
        assert name in dir(fer_edge)
    assert sorted(fer_edge._HOMES) == sorted(fer_edge.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = fer_edge.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "stage", ["training", pytest.param("converters", marks=pytest.mark.train), "runtime"]
)
def test_what_a_stage_exports_names_only_what_is_exported(stage: str) -> None:
    package = importlib.import_module(f"fer_edge.{stage}")
    public = {*package.__all__, *fer_edge.__all__}
    for name in package.__all__:
        value = getattr(package, name)
        if not inspect.isfunction(value) and not is_dataclass(value):
            continue
        hints = typing.get_type_hints(value, localns=NOT_IN_3_10)
        if is_dataclass(value):
            hints = {field.name: hints[field.name] for field in fields(value)}
        assert {found for hint in hints.values() for found in names_in(hint)} <= public, name


@pytest.mark.parametrize(
    "package",
    [
        *("fer_edge", "fer_edge.training", "fer_edge.runtime"),
        pytest.param("fer_edge.converters", marks=pytest.mark.train),
    ],
)
def test_what_is_public_does_not_refer_to_what_is_not(package: str) -> None:
    module = importlib.import_module(package)
    public = {*module.__all__, *fer_edge.__all__}
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            home = vars(importlib.import_module(value.__module__))
            private = {
                key
                for key, other in home.items()
                if (inspect.isfunction(other) or inspect.isclass(other) or key.isupper())
                and key not in (*public, *dir(value))
            }
            assert not private & set(_named_in_docstrings(value)), name


def _named_in_docstrings(value: type | Callable[..., object]) -> Iterator[str]:
    yield from re.findall(r"`(\w+)`", inspect.getdoc(value) or "")
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        if not name.startswith("_") and isinstance(member, property | FunctionType):
            yield from re.findall(r"`(\w+)`", member.__doc__ or "")


def test_types_can_be_checked_and_nothing_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys, fer_edge\n"
        "assert not {'numpy', 'cv2', 'click', 'ai_edge_litert'} & set(sys.modules)\n"
        "assert 'Recognizer' in dir(fer_edge)\n"
        "fer_edge.FerEdgeError\n"
        "assert 'numpy' not in sys.modules\n"
        "from fer_edge import Recognizer\n"
        "assert {'numpy', 'cv2'} <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
