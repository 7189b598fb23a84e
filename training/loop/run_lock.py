"""The lock of a run: one process at a time writes a run folder."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fer_edge.errors import OutputError
from fer_edge.shown import printable

_MARK = "process "
_MOST_NAME_BYTES = 200


@contextmanager
def locked_run(out: Path, *, creates: bool = True) -> Iterator[None]:
    """Hold the lock of a run folder and its `NAME.partial`.

    The lock is a hidden file next to both, since either can be replaced or moved meanwhile. The
    kernel releases it after a kill, unless a child process of the killed one still runs. A file
    system without locks, or a folder that cannot be written, has none: the run itself reports the
    latter.

    Args:
        out: Run folder; it need not exist.
        creates: Whether the folder that contains it is created.

    Raises:
        OutputError: Another process holds it.
    """
    if creates:
        with suppress(OSError, ValueError):
            out.parent.mkdir(parents=True, exist_ok=True)
    path = _lock_of(out)
    handle = None if path is None else _take(path, out)
    try:
        yield
    finally:
        if path is not None and handle is not None:
            with suppress(OSError):
                path.unlink()  # before it is released: others could hold it then
            os.close(handle)


def _lock_of(out: Path) -> Path | None:
    """Return the same file for all names of a run: links, and the folder of the unfinished run."""
    try:
        place = Path(os.path.realpath(out))
    except (OSError, ValueError):  # the latter for a zero byte in the name
        return None
    return place.with_name(f".{place.name.removesuffix('.partial')}.in-use") if place.name else None


def _take(path: Path, out: Path) -> int | None:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError:
            return None
        if not _is_lock(handle):  # a file of the user
            os.close(handle)
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, _MOST_NAME_BYTES, 0).decode("utf-8", "replace")
            os.close(handle)
            raise OutputError(
                f"{out} is in use by another training ({printable(holder) or 'just started'}); "
                "wait for it, or choose another --out"
            ) from error
        except OSError:  # this file system has no locks
            return handle
        if _is_at(path, handle):
            with suppress(OSError):  # a full disk
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{_MARK}{os.getpid()} on {platform.node()}".encode(), 0)
            return handle
        os.close(handle)  # its holder has just ended, and deleted it


def _is_lock(handle: int) -> bool:
    """Return whether an open file was written here: it is empty, or names a process."""
    head = os.pread(handle, len(_MARK), 0)
    return not head or head == _MARK.encode()


def _is_at(path: Path, handle: int) -> bool:
    """Return whether an open file is still the one with this path."""
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(handle))
    except FileNotFoundError:
        return False
