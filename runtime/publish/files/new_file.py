"""A file of a live run, which replaces no other: the next run may have the same options."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.files import cannot_write, check_path, new_temporary

log = logging.getLogger(__name__)


def reserve(path: Path, expected: Path | None = None) -> Path:
    """Create an empty file of this name, or of NAME-2, NAME-3, ... if it exists.

    Args:
        path: Path of the file.
        expected: The name that the user expects; another one is reported. None for `path`.

    Returns:
        Path of the new file.

    Raises:
        OutputError: It cannot be created.
    """
    try:
        check_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            free = _free_name(path)
            try:
                free.touch(exist_ok=False)
            except FileExistsError:  # another run was faster
                continue
            break
    except OSError as error:
        raise cannot_write(path, error) from error
    _report(path if expected is None else expected, free)
    return free


@contextmanager
def new_file(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a free name, and a temporary file that gets it when the block ends without an error.

    If another run has taken the name by then, the file gets the next free one.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        check_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        free = _free_name(path)
        temporary = new_temporary(free.parent, f".{free.stem[:40]}-", free.suffix)
    except OSError as error:
        raise cannot_write(path, error) from error
    _report(path, free)
    try:
        yield free, temporary
        taken = _taken(free, path)
        try:
            temporary.replace(taken)
        except OSError:
            taken.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(free, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _taken(free: Path, path: Path) -> Path:
    """Create an empty file of a name that was free, else of the next free one."""
    try:
        free.touch(exist_ok=False)
    except FileExistsError:
        return reserve(path, free)
    return free


def _free_name(path: Path) -> Path:
    if path.is_symlink() and not path.exists():  # the link stays, as with every output
        path = Path(os.path.realpath(path))
    free, number = path, 2
    while os.path.lexists(free):
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return free


def _report(expected: Path, free: Path) -> None:
    if free != expected:
        log.warning("%s already exists; this run writes %s", expected, free)
