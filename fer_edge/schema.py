"""Frozen dataclasses from and to plain data (JSON, TOML), strictly.

Model cards and training recipes are small trees of frozen dataclasses; both are read here. Unknown
keys are rejected with the nearest known one; missing keys and wrong types are rejected as well.
Messages state the location in the tree.
"""

import dataclasses
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from fer_edge.shown import printable

T = TypeVar("T")
_PLAIN = (bool, int, float, str)


class SchemaError(ValueError):
    """Raised for data that does not match the dataclass; callers convert it to their own error."""


class WrongTypeError(SchemaError):
    """Raised for a value of another type.

    Attributes:
        without_value: The message for a document with secrets: only the type of the value.
    """

    def __init__(self, where: str, value: object, expected: str) -> None:
        super().__init__(f"{where} is {_kind(value)}, expected {expected}")
        self.without_value = f"{where} is {type(value).__name__}, expected {expected}"


def decode(cls: type[T], data: object, *, where: str = "") -> T:
    """Build a dataclass from the plain data of a JSON or TOML document.

    Args:
        cls: A dataclass whose fields are bool, int, float, str, Path, None, Literal, tuples, nested
            dataclasses, or unions of these.
        data: Parsed data.
        where: Path of `data` in its document, for messages; empty at the root.

    Raises:
        SchemaError: A key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(data, dict):
        raise WrongTypeError(where or "the document", data, "a table of keys")
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in fields:
            shown = printable(key)
            near = nearest(shown, fields)
            advice = f"did you mean '{near}'?" if near else f"known keys: {', '.join(fields)}"
            raise SchemaError(f"unknown key '{_join(where, shown)}'; {advice}")
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _decode_value(hints[name], data[name], _join(where, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SchemaError(f"key '{_join(where, name)}' is missing")
    return cls(**values)


def encode(value: object) -> Any:
    """Turn a tree of dataclasses and tuples into dicts and lists, and paths into text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _decode_value(hint: Any, value: object, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(hint), value, where)
    if origin is typing.Literal:
        return _decode_choice(typing.get_args(hint), value, where)
    if origin is tuple:
        return _decode_tuple(typing.get_args(hint), value, where)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast(type, hint), value, where=where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(value, where)
    if hint is Path and isinstance(value, str):
        if not value:
            raise SchemaError(f"'{where}' is empty, expected a path")
        return Path(value)
    if hint is type(None) and value is None:
        return None
    # bool is a subclass of int, and `epochs = true` is a mistake
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise WrongTypeError(f"'{where}'", value, hint.__name__)
    return value


def _as_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise WrongTypeError(f"'{where}'", value, "a number below 1e308") from error


def _decode_union(options: tuple[Any, ...], value: object, where: str) -> Any:
    """Report an error with all alternatives: int | str; of a table only its own error helps."""
    wanted = [option for option in options if option is not type(None)]
    if value is None and len(wanted) < len(options):
        return None
    for option in wanted[:-1]:
        try:
            return _decode_value(option, value, where)
        except SchemaError:
            continue
    try:
        return _decode_value(wanted[-1], value, where)
    except SchemaError:
        if len(wanted) == 1 or not all(option in _PLAIN for option in wanted):
            raise
    kinds = " or ".join(option.__name__ for option in wanted)
    raise WrongTypeError(f"'{where}'", value, kinds)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known word nearest to a misspelled one; None if none is near."""
    import difflib  # needed for errors only

    return next(iter(difflib.get_close_matches(word, list(known), 1, likeness)), None)


def _decode_choice(choices: tuple[Any, ...], value: object, where: str) -> Any:
    if value in choices:
        return value
    near = nearest(printable(value), map(str, choices))
    advice = f"; did you mean '{near}'?" if near else ""
    raise SchemaError(
        f"'{where}' is {printable(repr(value))}, expected one of "
        f"{', '.join(map(str, choices))}{advice}"
    )


def _decode_tuple(items: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise WrongTypeError(f"'{where}'", value, "a list")
    if items[-1] is not Ellipsis and len(value) != len(items):
        raise SchemaError(f"'{where}' has {len(value)} items, expected {len(items)}")
    hints = [items[0]] * len(value) if items[-1] is Ellipsis else list(items)
    return tuple(
        _decode_value(hint, item, f"{where}[{i}]")
        for i, (hint, item) in enumerate(zip(hints, value, strict=True))
    )


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _kind(value: object) -> str:
    text = printable(repr(value), 1000)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
