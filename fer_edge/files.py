"""Files that appear complete or not at all."""

import errno
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fer_edge.errors import OutputError

UNREADABLE_ARCHIVE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error),
    *(NotImplementedError, RuntimeError, OverflowError, MemoryError),
)
"""All exceptions that zipfile raised when single bits of an archive were flipped."""


@contextmanager
def whole_file(
    path: Path, *, is_secret: bool = False, reaches_disk: bool = False
) -> Iterator[Path]:
    """Yield a temporary path next to `path`; rename it when the block ends without an error.

    The target of a symbolic link is replaced, not the link.
    The temporary name keeps the suffix, since OpenCV and NumPy choose the format by it. A device or
    pipe is never replaced: the bytes are written into it at the end.

    Args:
        path: Path of the file.
        is_secret: Whether only the owner may read it, at any time.
        reaches_disk: Whether to wait until it is stored on the disk, for devices that may lose
            power. Linux would wait half a minute, and leave an empty file until then.

    Raises:
        OutputError: The folder cannot be created, or the file cannot be written.
    """
    path = Path(path)
    if is_device(path):
        with _into_device(path) as temporary:
            yield temporary
        return
    try:
        if path.is_symlink():  # the link stays, as when a file is written in place
            path = Path(os.path.realpath(path))
        if path.is_dir():  # reported now, not after hours of work
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise cannot_write(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if not is_secret:  # mkstemp's mode 0600 is correct for these
            temporary.chmod(usual_mode())
        if reaches_disk:
            sync(temporary)
        temporary.replace(path)
        if reaches_disk:
            sync(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def leave(files: ExitStack, *, complete: bool) -> None:
    """Close an output: finish its file, or discard the temporary one."""
    if complete:
        files.close()
        return
    abandoned = _AbandonedError(errno.ECANCELED)
    try:  # the context managers discard the temporary file on an error
        with files:
            raise abandoned
    except _AbandonedError:
        return


class _AbandonedError(Exception):
    """Discards the temporary files of `whole_file`."""


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk.

    Raises:
        OSError: It cannot be opened or flushed.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_device(path: Path) -> bool:
    """Return whether a path is a device, a pipe, or a path like /dev/stdout: never replaced."""
    try:
        mode = path.stat().st_mode
    except OSError:  # it does not exist, or the path is invalid
        return False
    if not stat.S_ISREG(mode):
        return not stat.S_ISDIR(mode)
    # /dev/stdout and /dev/fd/3 lead through /proc to a file that a process has open
    while not path.parent.resolve().is_relative_to("/proc"):
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return True


@contextmanager
def _into_device(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        temporary = Path(folder) / f"whole{path.suffix}"
        temporary.touch()
        yield temporary
        try:
            with temporary.open("rb") as written, path.open("wb") as device:
                shutil.copyfileobj(written, device)
        except OSError as error:
            raise cannot_write(path, error) from error


def new_folder(path: Path, *, replace: bool = False) -> Path:
    """Create an empty folder that does not exist yet.

    Args:
        path: The folder.
        replace: Whether to delete an existing folder first.

    Raises:
        OutputError: It exists and `replace` is false, or it cannot be created.
    """
    if path.exists() and not replace:
        raise OutputError(f"{path} already exists; choose another folder, or pass --overwrite")
    try:
        if path.is_dir():
            shutil.rmtree(path)
        path.mkdir(parents=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Format one line that names the file that cannot be written, the reason and the next step."""
    reason = error.strerror or str(error)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "free some space there" if full else "choose a place that you can write to"
    return OutputError(f"cannot write {path}: {reason}; {advice}")


def usual_mode() -> int:
    """Return the mode of a new file according to the umask; mkstemp's mode is for secrets."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
