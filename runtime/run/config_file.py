"""A run's configuration as a TOML file."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w

from fer_edge.cli.option_fields import option_fields
from fer_edge.documents import read_toml
from fer_edge.errors import ConfigError
from fer_edge.files import is_device
from fer_edge.schema import SchemaError, WrongTypeError, decode, encode, nearest

from .config import PARTS, RunConfig

_WIDTH = 100

_TOP = (
    "For fer-edge run --config FILE. Options on the command line take precedence over "
    "this file. A relative path starts at the folder of this file. A key after a # is "
    "not set."
)


def read_config(path: Path) -> RunConfig:
    """Read a configuration; its relative paths are resolved against the folder of the file.

    Raises:
        ConfigError: It cannot be read, is not TOML, or has a wrong key or value.
    """
    try:
        data = read_toml(path)
        _check_keys(data)
        # a pipe has no folder
        return decode(RunConfig, data).based_at(Path() if is_device(path) else path.parent)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; fer-edge run --print-config prints one"
        ) from error
    except WrongTypeError as error:  # the value may be a password, and nothing hides it yet
        raise ConfigError(f"{path}: {error.without_value}") from None
    except (SchemaError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from error


def format_config(config: RunConfig) -> str:
    """Format the differences from the defaults as TOML.

    Raises:
        ConfigError: A path in it is not UTF-8, which TOML requires.
    """
    lines: list[str] = []
    for table, part in _tables(config):
        default = RunConfig() if not table else PARTS[table]()
        keys = [
            _pair(name, value)
            for name, _ in option_fields(part)
            if (value := getattr(part, name)) != getattr(default, name)
        ]
        if keys:
            lines += [*([f"[{table}]"] if table else []), *keys, ""]
    return "\n".join(lines[:-1]) + "\n"


def format_template(config: RunConfig) -> str:
    """Format every field as TOML, with its help as a comment.

    Raises:
        ConfigError: A path in it is not UTF-8, which TOML requires.
    """
    lines = list(_comment(_TOP))
    for table, part in _tables(config):
        lines += ["", f"[{table}]"] if table else []
        for name, field in option_fields(part):
            value = getattr(part, name)
            lines += ["", *_comment(f"{field.flags[0]}: {field.help}")]
            lines.append(f"# {name} =" if value is None else _pair(name, value))
    return "\n".join(lines) + "\n"


def _tables(config: RunConfig) -> Iterator[tuple[str, Any]]:
    yield "", config  # keys without a table come first in TOML
    yield from config.parts()


def _pair(name: str, value: object) -> str:
    text = tomli_w.dumps({name: encode(value)}).rstrip("\n")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"'{name}' is {str(value)!r}, which cannot be written to a configuration file: "
            "expected a name in UTF-8; rename the file"
        ) from error
    return text


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(text, _WIDTH - 2, break_on_hyphens=False, break_long_words=False):
        yield f"# {line}"


def _check_keys(data: dict[str, object]) -> None:
    """Reject an unknown key with the nearest known one in the whole file.

    Raises:
        ConfigError: A key is unknown.
    """
    tables = {"": RunConfig, **PARTS}
    known = {name: [field for field, _ in option_fields(part)] for name, part in tables.items()}
    for key, value in data.items():
        if key not in PARTS and key not in known[""]:
            raise ConfigError(_unknown(key, [*PARTS, *known[""]], ""))
        if key in PARTS and isinstance(value, dict):
            for name in value:
                if name not in known[key]:
                    raise ConfigError(_unknown(name, known[key], key))


def _unknown(key: str, here: list[str], table: str) -> str:
    place = f"{table}.{key}" if table else key
    if near := nearest(key, here):
        advice = f"did you mean '{table}.{near}'?" if table else f"did you mean '{near}'?"
    elif elsewhere := nearest(key, _names(), 0.75):
        advice = f"did you mean '{_names()[elsewhere]}'?"
    else:
        advice = f"expected one of {', '.join(here)}"
    return f"unknown key '{place}'; {advice}"


def _names() -> dict[str, str]:
    """Return the location of each field, by its name and by its option's: web -> web.address."""
    names: dict[str, str] = {}
    for table, part in PARTS.items():
        for name, field in option_fields(part):
            place = f"{table}.{name}"
            names.setdefault(name, place)
            names.setdefault(field.flags[0].removeprefix("--"), place)
    return names
