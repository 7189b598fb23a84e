"""`failures.jsonl`: unreadable files and the reasons."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_edge.documents import parse_json, read_limited
from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, check_own_place, whole_file
from fer_edge.limits import memory_bytes
from fer_edge.schema import SchemaError, decode, encode

from .unit import in_utf8
from .work import Done, Outcome

FAILURES = "failures.jsonl"


@dataclass(frozen=True, slots=True)
class Failure:
    """A line of the file.

    Attributes:
        source: File that could not be read.
        reason: Reason, in one line.
        unit: Name of its unit; empty if it was never part of one.
        stamp: Stamp of the unit when it failed; if it has changed, the unit is tried again.
    """

    source: str
    reason: str
    unit: str = ""
    stamp: str = ""


def failures_of(outcome: Outcome) -> list[Failure]:
    """Return the lines for a unit."""
    unit = outcome.unit
    if isinstance(outcome, Done):
        broken = [(item.path, item.reason) for item in outcome.broken]
    else:
        broken = [(in_utf8(unit.source), outcome.reason)]
    return [Failure(source, in_utf8(reason), unit.name, unit.stamp) for source, reason in broken]


class Failures:
    """The failures in a results folder; a line is written as soon as it is known."""

    def __init__(self, out: Path) -> None:
        """Read the lines of earlier runs; an incomplete line after a power cut is dropped.

        Raises:
            OutputError: The file cannot be read, is too large, or is a symbolic link.
        """
        self._path = out / FAILURES
        check_own_place(self._path)
        self._lines = list(_read(self._path))

    def __len__(self) -> int:
        return len(self._lines)

    def units(self) -> set[tuple[str, str]]:
        """Return name and stamp of each unit that failed, completely or in part."""
        return {(line.unit, line.stamp) for line in self._lines}

    def keep(self, is_kept: Callable[[Failure], bool]) -> None:
        """Remove other lines.

        Raises:
            OutputError: The file cannot be written.
        """
        self._lines = [line for line in self._lines if is_kept(line)]
        with whole_file(self._path, follows_link=False) as temporary:
            temporary.write_text("".join(map(_as_line, self._lines)), "utf-8")

    def add(self, failure: Failure) -> None:
        """Append a line.

        Raises:
            OutputError: The file cannot be written.
        """
        self._lines.append(failure)
        try:
            with open(self._path, "a", encoding="utf-8", opener=_open_no_link) as file:
                file.write(_as_line(failure))
        except OSError as error:
            raise cannot_write(self._path, error) from error


def _as_line(failure: Failure) -> str:
    return json.dumps(encode(failure)) + "\n"


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _read(path: Path) -> Iterator[Failure]:
    try:
        lines = read_limited(path, memory_bytes()).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    except SchemaError as error:
        raise OutputError(f"{path} cannot be read: {error}; delete it") from error
    for line in lines:
        try:
            yield decode(Failure, parse_json(line))
        except SchemaError:
            continue
