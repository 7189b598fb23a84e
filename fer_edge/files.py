"""Files that appear complete or not at all."""

import errno
import os
import secrets
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


_ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space there"),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE), "raise the limit of open files (ulimit -n), or end programs"
    ),
    **dict.fromkeys(
        (errno.EAGAIN, errno.ENOMEM),
        "end other programs, or raise the limits of this process (ulimit -v, ulimit -u)",
    ),
}
"""Next step by reason."""


@contextmanager
def whole_file(
    path: Path,
    *,
    is_secret: bool = False,
    reaches_disk: bool = False,
    follows_link: bool = True,
) -> Iterator[Path]:
    """Yield a temporary path next to `path`; rename it when the block ends without an error.

    The target of a symbolic link is replaced, not the link. A replaced file keeps its permissions.
    The temporary name keeps the suffix, since OpenCV and NumPy choose the format by it. A device or
    pipe is never replaced: the bytes are written into it at the end.

    Args:
        path: Path of the file.
        is_secret: Whether only the owner may read it, at any time.
        reaches_disk: Whether to wait until it is stored on the disk, for devices that may lose
            power. Linux would wait half a minute, and leave an empty file until then.
        follows_link: Whether `path` may be a symbolic link. False for the files that fer-edge keeps
            in a folder: whoever made the folder chose the link, not the user.

    Raises:
        OutputError: The folder cannot be created, the file cannot be written, or it is a link that
            is not followed.
    """
    path = Path(path)
    if not follows_link:
        check_own_place(path)
    if is_device(path):
        with _into_device(path) as temporary:
            yield temporary
        return
    try:
        check_path(path)
        if path.is_symlink():  # the link stays, as when a file is written in place
            path = Path(os.path.realpath(path))
        if path.is_dir():  # reported now, not after hours of work
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if is_secret else _mode_of(path)
        # a file with its own mode may be secret: nobody else reads its new content before that
        temporary = new_temporary(
            path.parent, f".{path.stem[:40]}-", path.suffix, 0o666 if mode is None else 0o600
        )
        if mode is None:  # the umask, or the folder's access list, chose it
            mode = stat.S_IMODE(temporary.stat().st_mode)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        temporary.chmod(mode)  # the block may have replaced it
        if reaches_disk:
            sync(temporary)
        temporary.replace(path)
        if reaches_disk:
            sync(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def new_temporary(folder: Path, prefix: str, suffix: str, mode: int = 0o666) -> Path:
    """Create an empty file under a new name; the umask applies to `mode`, as for any new file.

    Raises:
        OSError: It cannot be created.
    """
    while True:
        path = folder / f"{prefix}{secrets.token_hex(4)}{suffix}"
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
        except FileExistsError:
            continue
        return path


def check_own_place(path: Path) -> None:
    """Reject links and devices where fer-edge keeps its state.

    Raises:
        OutputError: Something else than a file or a folder is there.
    """
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):  # not there, or the next step reports it
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        kind = "symbolic link" if stat.S_ISLNK(mode) else "pipe, socket or device"
        raise OutputError(
            f"cannot write {path}: it is a {kind}, which fer-edge did not create; delete it, or "
            "choose another folder"
        )


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
    except (OSError, ValueError):  # it does not exist, or the path is invalid
        return False
    if not stat.S_ISREG(mode):
        return not stat.S_ISDIR(mode)
    # /dev/stdout and /dev/fd/3 lead through /proc to a file that a process has open
    return _in_proc(path) is not None


def own_descriptor(path: Path) -> int | None:
    """Return which open file of this process a path names: 1 for /dev/stdout; None for others."""
    found = _in_proc(path) if is_device(path) else None
    folder = None if found is None else found.parent.resolve()
    if found is None or folder is None or folder.name != "fd":
        return None
    is_own = folder.is_relative_to(f"/proc/{os.getpid()}")
    return int(found.name) if is_own and found.name.isdecimal() else None


def open_device(path: Path) -> int:
    """Open a device or pipe for writing, and return its descriptor, which the caller closes.

    An open file of this process (/dev/stdout) is not opened again: a second opening has its own
    position, so that one overwrites the other, and a socket cannot be opened by name.

    Raises:
        OSError: It cannot be opened.
    """
    descriptor = own_descriptor(path)
    return os.open(path, os.O_WRONLY | os.O_APPEND) if descriptor is None else os.dup(descriptor)


def _in_proc(path: Path) -> Path | None:
    """Follow links to one below /proc, such as /proc/self/fd/1; None if there is none."""
    while not path.parent.resolve().is_relative_to("/proc"):
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return path


def check_path(path: Path) -> None:
    """Check that a file can have this name; Python raises a ValueError if not.

    Raises:
        OSError: It contains a zero byte or an unpaired surrogate.
    """
    try:
        is_possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        is_possible = False
    if not is_possible:
        reason = "the name contains a zero byte or an unpaired surrogate"
        raise OSError(errno.EINVAL, reason, str(path))


def check_no_named_pipe(path: Path) -> None:
    """Check that opening a file to read it does not wait for somebody who writes it.

    A pipe that is open already, as a shell passes it (`/dev/stdin`, `/dev/fd/63`), is sound.

    Raises:
        OSError: It is a named pipe, does not exist, or no file can have this name.
    """
    check_path(path)
    if stat.S_ISFIFO(path.stat().st_mode) and not path.resolve().is_relative_to("/proc"):
        raise OSError(errno.EINVAL, "it is a named pipe, expected a file", str(path))


@contextmanager
def _into_device(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        temporary = Path(folder) / f"whole{path.suffix}"
        temporary.touch()
        yield temporary
        try:
            with temporary.open("rb") as written, os.fdopen(open_device(path), "wb") as device:
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
        check_path(path)
        if path.is_dir():
            shutil.rmtree(path)
        path.mkdir(parents=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Format one line that names the file that cannot be written, the reason and the next step."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "choose a place that you can write to")
    return OutputError(f"cannot write {path}: {reason}; {advice}")


def _mode_of(path: Path) -> int | None:
    """Return the permissions of an existing file; None for a new one."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return None
