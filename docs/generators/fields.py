"""The fields of a dataclass with what its source says of each."""

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WORDS = {
    bool: "true or false",
    int: "integer",
    float: "number",
    str: "text",
    Path: "path",
    type(None): "nothing",
}
_LONGEST = 40
"""Longer defaults, such as the text of a license, are not shown."""
_ENTRY = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<text>.+(?:\n {8}.+)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documented:
    """A field.

    Attributes:
        name: Its name.
        hint: Its type.
        default: Its default; `dataclasses.MISSING` where it has none.
        meaning: What the source says of it; empty where it says nothing.
    """

    name: str
    hint: Any
    default: Any
    meaning: str

    @property
    def type_words(self) -> str:
        """Its type in words."""
        return words_of(self.hint)

    @property
    def default_words(self) -> str:
        """Its default as Markdown; empty where there is none to show."""
        if self.default in (dataclasses.MISSING, None) or dataclasses.is_dataclass(self.default):
            return ""
        words = _as_toml(self.default)
        return "" if self.default in ("", ()) or len(words) > _LONGEST else f"`{words}`"


def documented_fields(part: type) -> Iterator[Documented]:
    """Yield a dataclass's fields, in order."""
    said, hints = _said(part), typing.get_type_hints(part)
    for field in dataclasses.fields(part):
        yield Documented(field.name, hints[field.name], _default(field), said.get(field.name, ""))


def first_sentence(part: object) -> str:
    """Return the first paragraph of the docstring of a class or module."""
    return " ".join((inspect.getdoc(part) or "").partition("\n\n")[0].split())


def words_of(hint: Any) -> str:
    """Return a type in words; values that can be chosen stand as code."""
    items = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return _either(f"`{item}`" for item in items)
    if origin in (typing.Union, types.UnionType):
        return _either(words_of(item) for item in items if item is not type(None))
    if origin is tuple:
        inner = dict.fromkeys(words_of(item) for item in items if item is not Ellipsis)
        return f"list of {', '.join(inner)}"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def nested(hint: Any) -> Iterator[type]:
    """Yield the dataclasses that a type is made of."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for item in typing.get_args(hint):
        yield from nested(item)


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _said(part: type) -> dict[str, str]:
    """Return what a class's docstring (`Attributes:`) or a string after a field says of it."""
    section = (inspect.getdoc(part) or "").partition("Attributes:\n")[2]
    said = {
        name: found["text"]
        for found in _ENTRY.finditer(section)
        for name in found["names"].split(", ")
    }
    body = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
    assert isinstance(body, ast.ClassDef)
    for before, after in zip(body.body, body.body[1:], strict=False):
        match before, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                said[name] = text
    return {name: " ".join(text.split()) for name, text in said.items()}


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
