"""Configuration fields that are also options of the command line.

A field is declared once, with `option`: default, range and help. `click_options` creates the
options of a command from the fields, `check_ranges` applies the same ranges to values from a file.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge import plugins
from fer_edge.cli.command_options import FilePath, NumberRange, PartName, WholeNumber
from fer_edge.errors import ConfigError

Part = TypeVar("Part")

_KEY = "option"


@dataclass(frozen=True, slots=True)
class OptionField:
    """Properties of a field on the command line.

    Attributes:
        flags: Option names, such as `--input`.
        help: Text for `--help` and for the comment in a configuration file.
        metavar: Placeholder for the value in `--help`; None uses click's default.
        at_least: The smallest number.
        at_most: The largest number.
        is_above: The number must be above `at_least`.
        shows_default: Whether `--help` shows the default, or a text instead of it.
        flag_value: Value of the option when it is given without a value.
        is_place: Function that returns whether a value is the path of a file or folder; None for
            fields that are never paths.
        must_exist: Whether the command line rejects a file that does not exist.
        group: Group of `plugins` that contains the value.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    is_above: bool = False
    shows_default: bool | str = False
    flag_value: str | None = None
    is_place: Callable[[str], bool] | None = None
    must_exist: bool = False
    group: str | None = None


def option(*flags: str, default: Any = None, **more: Any) -> Any:
    """Declare a field of a frozen dataclass that is also an option.

    Args:
        flags: Option names, such as `--input`.
        default: Default of the field and of the option.
        more: The other attributes of `OptionField`.
    """
    return dataclasses.field(default=default, metadata={_KEY: OptionField(flags, **more)})


def is_path(text: str) -> bool:
    """Return whether a place is a path: not standard input or output, and not an address."""
    return text != "-" and "://" not in text


def is_library_path(text: str) -> bool:
    """Return whether a delegate's library is given by path, not by a name the system resolves."""
    return "/" in text


def option_fields(part: Any) -> Iterator[tuple[str, OptionField]]:
    """Yield the name and the option of each field that is an option."""
    for field in dataclasses.fields(part):
        if _KEY in field.metadata:
            yield field.name, field.metadata[_KEY]


def click_options(
    part: type, *, section: str = "", only: Sequence[str] = ()
) -> tuple[click.Option, ...]:
    """Create the options of a command from the fields of a configuration.

    Args:
        part: A dataclass.
        section: Prefix of the option names, so that two parts can have fields of the same name.
        only: Fields to use; empty means all.
    """
    hints = typing.get_type_hints(part)
    defaults = {field.name: field.default for field in dataclasses.fields(part)}
    return tuple(
        _click_option(field, parameter_name(section, name), hints[name], defaults[name])
        for name, field in option_fields(part)
        if not only or name in only
    )


def parameter_name(section: str, name: str) -> str:
    """Return click's name of a field's option."""
    return f"{section}_{name}" if section else name


def check_ranges(part: object, table: str = "") -> None:
    """Reject numbers outside the range of their field, empty places and unknown names of parts.

    Args:
        part: A dataclass whose fields are options.
        table: Prefix of the field name in messages.

    Raises:
        ConfigError: A number is out of range or not a number, a place is empty, or a name is
            unknown.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(part)}  # type: ignore[arg-type]
    for name, field in option_fields(part):
        value = getattr(part, name)
        if field.group is not None and value != defaults[name]:
            _check_name(field.group, value, f"{table}.{name}" if table else name)
        if field.is_place is not None and value == "":
            where = f"{table}.{name}" if table else name
            place = field.metavar or "a path"
            raise ConfigError(f"{field.flags[0]} ('{where}') is empty, expected {place}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = field.at_least, field.at_most
            if not _fits(value, field):
                above = "above" if field.is_above else "at least"
                most = "" if high is None else f", at most {high:g}"
                where = f"{table}.{name}" if table else name
                raise ConfigError(f"'{where}' is {value}, expected {above} {low:g}{most}")


def _check_name(group: str, name: str, where: str) -> None:
    if not plugins.is_name(group, name):
        raise ConfigError(f"'{where}': {plugins.unknown(group, name)}")


def based_at(part: Part, folder: Path) -> Part:
    """Return the part with its relative paths resolved against a folder."""
    moved: dict[str, Any] = {}
    for name, field in option_fields(part):
        value = getattr(part, name)
        if field.is_place is not None and value is not None and field.is_place(str(value)):
            moved[name] = type(value)(moved_to(folder, str(value), field.is_place))
    return dataclasses.replace(part, **moved)  # type: ignore[type-var]


def moved_to(folder: Path, place: str, is_place: Callable[[str], bool] = is_path) -> str:
    """Return a path resolved against a folder; ./- stays a file, where - is standard output."""
    moved = str(folder / place)
    return moved if is_place(moved) else f"./{moved}"


def _fits(value: float, field: OptionField) -> bool:
    if value != value:  # not a number
        return False
    low, high = field.at_least, field.at_most
    if low is not None and (value < low or (field.is_above and value == low)):
        return False
    return high is None or value <= high


def _click_option(field: OptionField, name: str, hint: Any, default: Any) -> click.Option:
    kind = _without_none(hint)
    more: dict[str, Any] = {"metavar": field.metavar, "help": field.help}
    if kind is bool:
        return click.Option([*field.flags, name], is_flag=True, **more)
    if field.flag_value is not None:
        more |= {"is_flag": False, "flag_value": field.flag_value}
    if typing.get_origin(kind) is tuple:
        more["multiple"] = True
    elif default is not None:
        more["default"] = default
    return click.Option(
        [*field.flags, name],
        type=_click_type(field, kind),
        show_default=field.shows_default,
        **more,
    )


def _click_type(field: OptionField, kind: Any) -> "click.ParamType[Any]":
    if field.group is not None:
        return PartName(field.group)
    if kind is float:
        return NumberRange(field.at_least, field.at_most, min_open=field.is_above)
    if kind is int:
        low, high = field.at_least, field.at_most
        return WholeNumber(_whole(low), _whole(high))
    if kind is Path:
        return FilePath(exists=field.must_exist, dir_okay=not field.must_exist)
    if typing.get_origin(kind) is typing.Literal:
        return click.Choice(typing.get_args(kind))
    return click.STRING


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def _without_none(hint: Any) -> Any:
    """Return T of `T | None`; text for other unions, which the field converts itself."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else str
