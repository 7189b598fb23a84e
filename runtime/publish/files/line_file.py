"""A text file of whole lines, written whole or followed while it grows.

Two readers want two things. Whoever converts a clip wants a file that appears when it is right, or
not at all. Whoever keeps a camera running for months wants to follow the file (`tail -f`), to keep
it through a power cut, and to rotate it. So what comes from a file is written whole, and what
comes from a live source is appended in place, line by line.
"""

import errno
import os
from contextlib import ExitStack
from pathlib import Path

from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, is_device, whole_file

from ..sink import ReaderGoneError


class LineFile:
    """Whole lines of UTF-8 in a file; what UTF-8 cannot say is written as a backslash escape."""

    def __init__(self, path: Path, *, in_place: bool = False, header: str | None = None) -> None:
        """Open it.

        Args:
            path: The file. A device or a named pipe is always written in place.
            in_place: Append each line at once. What is there already stays; a file that was moved
                away or deleted (log rotation) is made anew.
            header: First line of a new file; an older file that is appended to must have it too.

        Raises:
            OutputError: It cannot be written, or has another header.
        """
        self._path, self._header = path, header
        self._files = ExitStack()
        self._handle, self._is_regular = -1, True
        self._in_place = in_place or is_device(path)
        if self._in_place:
            self._open_in_place()
            return
        temporary = self._files.enter_context(whole_file(path))
        self._handle = os.open(temporary, os.O_WRONLY)
        if header is not None:
            self._append(header)

    def write(self, line: str) -> None:
        """Add one line, all of it or nothing.

        Raises:
            OutputError: The disk is full, or the folder is gone.
            ReaderGoneError: It is a pipe that nobody reads any more.
        """
        if self._in_place and self._is_moved():
            os.close(self._handle)
            self._handle = -1
            self._open_in_place()
        self._append(line)

    def close(self, *, complete: bool) -> None:
        """Move a whole file to its name if it is complete, else delete it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        leave(self._files, complete=complete)

    def _open_in_place(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # a pipe opened for reading too would read its own lines
            access = os.O_WRONLY if is_device(self._path) else os.O_RDWR | os.O_CREAT
            self._handle = os.open(self._path, access | os.O_APPEND, 0o666)
            self._is_regular = not is_device(self._path)
            size = os.fstat(self._handle).st_size if self._is_regular else 0
            if size:
                self._continue(size)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        if not size and self._header is not None:
            self._append(self._header)

    def _continue(self, size: int) -> None:
        """Check what a former run left; the line that a power cut tore stands by itself."""
        if os.pread(self._handle, 1, size - 1) != b"\n":
            os.write(self._handle, b"\n")
        if self._header is None:
            return
        wanted = self._header.encode("utf-8", "backslashreplace") + b"\n"
        if os.pread(self._handle, len(wanted), 0) != wanted:
            raise OutputError(
                f"{self._path} has other columns than this run; expected {self._header}; "
                "name another file, or move it away"
            )

    def _is_moved(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        here = os.fstat(self._handle)
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _append(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        written = 0
        try:
            while written < len(data):
                written += os.write(self._handle, data[written:])
        except BrokenPipeError as error:
            raise ReaderGoneError(*error.args) from error
        except OSError as error:
            if written and self._in_place and self._is_regular:  # take half a line back
                os.ftruncate(self._handle, os.fstat(self._handle).st_size - written)
            raise cannot_write(self._path, error) from error


def leave(files: ExitStack, *, complete: bool) -> None:
    """Close what an output has open: finish its file, or throw the temporary one away."""
    if complete:
        files.close()
        return
    abandoned = _AbandonedError(errno.ECANCELED)
    try:  # the context managers throw the temporary file away when they see an error
        with files:
            raise abandoned
    except _AbandonedError:
        return


class _AbandonedError(Exception):
    """Never leaves this module."""
