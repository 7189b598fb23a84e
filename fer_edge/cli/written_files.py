"""Files that a command writes, which must not be those that it reads."""

import os
from collections.abc import Iterable
from pathlib import Path

from fer_edge.errors import ConfigError
from fer_edge.files import is_device


def check_written(
    outputs: Iterable[tuple[str, Path | None]], inputs: Iterable[tuple[str, Path | None]]
) -> None:
    """Check that outputs are different files, and none of them is an input, also through links.

    Args:
        outputs: Option and file or folder to write; None if it is not given.
        inputs: Name for messages, such as "the input itself", and file or folder to read; only
            used if an output exists already.

    Raises:
        ConfigError: An output is an input, or two outputs are the same file.
    """
    taken: dict[str, str] = {}
    existing: list[tuple[str, Path, os.stat_result]] = []
    for option, path in outputs:
        if path is None or is_device(path):
            continue
        where = os.path.realpath(path)
        if where in taken:
            raise ConfigError(
                f"{taken[where]} and {option} both write {path}; choose different files"
            )
        taken[where] = option
        if (status := _status(path)) is not None:
            existing.append((option, path, status))
    if not existing:
        return
    for name, source in inputs:
        read = None if source is None else _status(source)
        for option, path, status in existing:
            if read is not None and os.path.samestat(read, status):
                raise ConfigError(f"{option} {path} is {name}; choose another path")


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # it does not exist, or cannot exist: a stream, a new file
        return None
