"""A text file of whole lines, written whole or followed while it grows.

Two readers want two things. Whoever converts a clip wants a file that appears when it is right, or
not at all. Whoever keeps a camera running for months wants to follow the file (`tail -f`), to keep
it through a power cut, and to rotate it. So what comes from a file is written whole, and what
comes from a live source is appended in place, line by line.
"""

import errno
import logging
import os
from contextlib import ExitStack
from pathlib import Path

from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, is_device, whole_file

from ..sink import ReaderGoneError
from .disk_sync import DiskSync
from .power_cut import LineFormat, cut_damage

log = logging.getLogger(__name__)


class LineFile:
    """Whole lines of UTF-8 in a file; what UTF-8 cannot say is written as a backslash escape."""

    def __init__(self, path: Path, line_format: LineFormat, *, in_place: bool = False) -> None:
        """Open it.

        Args:
            path: The file. A device or a named pipe is always written in place.
            line_format: What lines it has. An older file that is appended to must have such, too.
            in_place: Append each line at once, and bring it to the disk soon. Whole lines that are
                there already stay; a file that was moved away or deleted (log rotation) is made
                anew.

        Raises:
            OutputError: It cannot be written, or has other lines.
        """
        self._path, self._format = path, line_format
        self._files = ExitStack()
        self._handle, self._is_regular = -1, True
        self._sync: DiskSync | None = None
        self._in_place = in_place or is_device(path)
        if self._in_place:
            self._open_in_place()
            return
        temporary = self._files.enter_context(whole_file(path))
        self._handle = os.open(temporary, os.O_WRONLY)
        if line_format.header is not None:
            self._append(line_format.header)

    def write(self, line: str) -> None:
        """Add one line, all of it or nothing.

        Raises:
            OutputError: The disk is full, or the folder is gone.
            ReaderGoneError: It is a pipe that nobody reads any more.
        """
        if self._in_place and self._is_moved():
            self._close_handle()
            self._open_in_place()
        self._append(line)

    def close(self, *, complete: bool) -> None:
        """Move a whole file to its name if it is complete, else delete it."""
        self._close_handle()
        leave(self._files, complete=complete)

    def _close_handle(self) -> None:
        if self._sync is not None:
            self._sync.close()
            self._sync = None
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _open_in_place(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # a pipe opened for reading too would read its own lines
            access = os.O_WRONLY if is_device(self._path) else os.O_RDWR | os.O_CREAT
            self._handle = os.open(self._path, access | os.O_APPEND, 0o666)
            self._is_regular = not is_device(self._path)
            if self._is_regular:
                self._continue()
                self._sync = DiskSync(self._path)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        is_empty = not self._is_regular or not os.fstat(self._handle).st_size
        if is_empty and self._format.header is not None:
            self._append(self._format.header)

    def _continue(self) -> None:
        """Check what a former run left, and cut what a power cut did to it."""
        size = os.fstat(self._handle).st_size
        wanted = self._format.beginning.encode("utf-8", "backslashreplace")
        found = os.pread(self._handle, len(wanted), 0)
        if b"\0" not in found and not wanted.startswith(found):
            raise OutputError(
                f"{self._path} has other lines than this run writes: expected it to begin with "
                f"{self._format.beginning.strip()}; name another file, or move it away"
            )
        gone = cut_damage(self._handle, size, self._format)
        if gone > 0:
            log.warning("%s: cut %d bytes that a power cut left at its end", self._path, gone)

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
        if self._sync is not None:
            self._note_written(self._sync)

    def _note_written(self, sync: DiskSync) -> None:
        try:
            sync.wrote()
        except OSError as error:
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
