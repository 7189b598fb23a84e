"""The results folder: its identity, its lock, and its contents."""

import errno
import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.documents import read_json
from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, check_own_place, whole_file
from fer_edge.schema import SchemaError
from fer_edge.shown import printable

from .config import FormatName
from .footer import Footer
from .result_file import DATA, SIDECAR_SUFFIX, UNFINISHED, WRITING, read_footer
from .settings import Settings
from .unit import Unit

IDENTITY = "archive.json"
"""Contains a random word: a worker that reads another word, or none, sees a different folder."""

_LOCK = ".lock"
_SUFFIXES = (".parquet", ".csv", ".jsonl")
_FOOTERS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Existing:
    """A result file of an earlier run.

    Attributes:
        path: The file.
        footer: Its footer; None if it is damaged.
    """

    path: Path
    footer: Footer | None


@contextmanager
def locked_results(out: Path) -> Iterator[str]:
    """Create the folder, lock it against other writers, and yield its identity.

    Raises:
        OutputError: It cannot be written, contains a symbolic link, or another process writes to
            it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for place in (_LOCK, IDENTITY, WRITING, DATA):
            check_own_place(out / place)
        for folder in (out / DATA).glob("*"):
            check_own_place(folder)
        handle = os.open(out / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        _lock(handle, out)
        for left in (out / WRITING).glob(f"{UNFINISHED}*"):  # of a run that was killed
            left.unlink(missing_ok=True)
        yield _identity(out)
    finally:
        os.close(handle)


def check_identity(out: Path, identity: str) -> None:
    """Reject a different folder with the same name.

    Raises:
        OutputError: This machine does not see the folder of the machine that started the archive.
    """
    if _read_identity(out) != identity:
        raise OutputError(
            f"{out} on node {os.uname().nodename} is not the folder of the machine that started "
            "this archive; expected a shared folder with the same path on all nodes"
        )


def existing_results(out: Path) -> list[Existing]:
    """Read the footers of all finished files."""
    paths = [
        path
        for path in sorted((out / DATA).glob("*/*"))
        if path.suffix in _SUFFIXES and not path.name.endswith(SIDECAR_SUFFIX) and path.is_file()
    ]
    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as threads:
        footers = threads.map(read_footer, paths)
        return [Existing(path, footer) for path, footer in zip(paths, footers, strict=True)]


def made_otherwise(existing: list[Existing], settings: Settings) -> list[Existing]:
    """Return the results that were made with other settings."""
    digest = settings.digest()
    return [item for item in existing if item.footer and item.footer.settings != digest]


def describe_change(others: list[Existing], settings: Settings, out: Path) -> str:
    """Format one line about the other settings and the next step."""
    footer = others[0].footer
    before: Mapping[str, Any] = footer.known_options() if footer else {}
    after = settings.options()
    changed = [
        f"{printable(name)} {printable(repr(before.get(name)))} (now {after.get(name)!r})"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return (
        f"{out} has {len(others)} result files made with other options: "
        f"{', '.join(changed)}; choose another folder, or pass --overwrite to delete them"
    )


def is_current(item: Existing, unit: Unit, format_: FormatName) -> bool:
    """Return whether a file has the result of a unit."""
    footer = item.footer
    return footer is not None and footer.stamp == unit.stamp and item.path.suffix == f".{format_}"


def _lock(handle: int, out: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"another fer-edge archive is writing to {out}; wait for it, or choose another folder"
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):  # this file system has no locks
            raise cannot_write(out, error) from error


def _identity(out: Path) -> str:
    known = _read_identity(out)
    if known is not None:
        return known
    new = uuid.uuid4().hex
    with whole_file(out / IDENTITY, follows_link=False) as temporary:
        temporary.write_text(json.dumps({"archive": new}) + "\n", "utf-8")
    return new


def _read_identity(out: Path) -> str | None:
    try:
        return str(read_json(out / IDENTITY)["archive"])
    except (OSError, SchemaError, KeyError, TypeError):
        return None


def require_format(format_: FormatName) -> None:
    """Reject a format with a missing library, before any work.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    if format_ == "parquet":
        from . import parquet_file  # noqa: F401
