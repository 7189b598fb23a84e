"""Untrusted JSON and TOML as plain data, within `fer_edge.limits`.

Cards, run folders, reports, recipes and configurations are parsed here; `fer_edge.schema` then
checks keys and types. The result is safe to show and to compute with: texts are UTF-8, integers
have 64 bits, and no number is NaN or infinite.
"""

import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from fer_edge.files import check_no_named_pipe
from fer_edge.limits import JSON_BYTES, NESTING, TOML_BYTES, WHOLE_NUMBER
from fer_edge.schema import SchemaError
from fer_edge.shown import printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST_PLACE = 60
"""Longest key in messages, in characters; a document has as many locations as items."""
_CHUNK_BYTES = 1 << 20
_LONGEST_NUMBER = 20
"""Digits of a 64-bit integer; Python needs long for very long integers."""


def parse_json(data: str | bytes, *, most_bytes: int = JSON_BYTES) -> Any:
    """Parse a JSON document.

    Args:
        data: The document.
        most_bytes: Largest size.

    Raises:
        SchemaError: It is not UTF-8, not JSON, too large, nested too deeply, or contains a number
            or text that cannot be used.
    """
    text = _as_text(data, most_bytes)
    try:
        found = json.loads(text, parse_constant=_refuse_constant, parse_int=_whole_number)
    except RecursionError as error:
        raise SchemaError(_too_deep()) from error
    except SchemaError:
        raise
    except ValueError as error:
        raise SchemaError(f"it is not JSON: {error}") from error
    _check(found)
    return found


def parse_toml(data: str | bytes) -> dict[str, Any]:
    """Parse a TOML document.

    Raises:
        SchemaError: It is not UTF-8, not TOML, too large, nested too deeply, or contains a number
            or text that cannot be used, such as a path with a zero byte.
    """
    text = _as_text(data, TOML_BYTES)
    if any(_parts(line) > NESTING for line in text.splitlines()):
        raise SchemaError(_too_deep())
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise SchemaError(_too_deep()) from error
    except (ValueError, ArithmeticError) as error:  # a date or number out of range
        raise SchemaError(f"it is not TOML: {error}") from error
    _check(found, has_paths=True)
    return found


def read_limited(path: Path, most_bytes: int) -> bytes:
    """Read a file, an open pipe or a device, but no more than needed to see that it is too large.

    Raises:
        OSError: It cannot be read, or is a named pipe.
        SchemaError: It is too large.
    """
    check_no_named_pipe(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size  # 0 for a pipe
        chunks = [] if size > most_bytes else list(_chunks(file, most_bytes + 1))
    data = b"".join(chunks)
    if max(size, len(data)) > most_bytes:
        raise SchemaError(f"it is larger than {most_bytes:,} bytes")
    return data


def read_json(path: Path) -> Any:
    """Read a JSON file; see `parse_json`.

    Raises:
        OSError: It cannot be read.
        SchemaError: As `parse_json`.
    """
    return parse_json(read_limited(path, JSON_BYTES))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; see `parse_toml`.

    Raises:
        OSError: It cannot be read.
        SchemaError: As `parse_toml`.
    """
    return parse_toml(read_limited(path, TOML_BYTES))


def _chunks(file: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    """Yield the content in parts: a single read would allocate memory for the largest size."""
    while most_bytes and (chunk := file.read(min(most_bytes, _CHUNK_BYTES))):
        most_bytes -= len(chunk)
        yield chunk


def _as_text(data: str | bytes, most: int) -> str:
    if len(data) > most:
        raise SchemaError(f"it is larger than {most:,} bytes")
    try:
        # editors of Windows begin a file with a byte order mark
        return data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(f"it is not UTF-8: byte {error.start} cannot be read") from error


def _parts(line: str) -> int:
    """Count the parts of the key on a TOML line.

    The parser walks over all parts at each line below such a key, which takes hours for a long one.
    """
    line = line.lstrip()
    key = line if line[:1] in ("[", '"', "'") else line.partition("=")[0]
    return key.count(".") + 1


def _check(root: object, *, has_paths: bool = False) -> None:
    """Check depth, numbers and texts, without recursion.

    Texts of a configuration become paths, which no system accepts with a zero byte.
    """
    stack: list[tuple[object, int, str]] = [(root, 1, "")]
    while stack:
        value, depth, where = stack.pop()
        if depth > NESTING:
            raise SchemaError(_too_deep())
        if isinstance(value, dict):
            for key in value:
                _check_text(key, where)
            inside = f"{where[-_LONGEST_PLACE:]}." if where else ""
            stack += [
                (item, depth + 1, inside + key[:_LONGEST_PLACE]) for key, item in value.items()
            ]
        elif isinstance(value, list):
            inside = where[-_LONGEST_PLACE:]
            stack += [(item, depth + 1, f"{inside}[{at}]") for at, item in enumerate(value)]
        elif isinstance(value, str):
            _check_text(value, where)
            if has_paths and "\0" in value:
                raise SchemaError(f"{_named(where)} contains a zero byte")
        elif isinstance(value, float) and not math.isfinite(value):
            raise SchemaError(f"{_named(where)} is {value}, expected a finite number")
        elif isinstance(value, int) and not -WHOLE_NUMBER <= value < WHOLE_NUMBER:
            raise SchemaError(f"{_named(where)} has more than 64 bits")


def _named(where: str) -> str:
    return f"'{printable(where)}'" if where else "it"


def _check_text(text: str, where: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SchemaError(f"{_named(where)} contains a text with an unpaired surrogate") from error


def _whole_number(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise SchemaError("it contains an integer of more than 64 bits")
    return int(text)


def _refuse_constant(text: str) -> NoReturn:
    raise SchemaError(f"it contains the number {text}; expected a finite one")


def _too_deep() -> str:
    return f"it is nested deeper than {NESTING} levels"
