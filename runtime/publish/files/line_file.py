"""A text file of complete lines, written at the end or while the source is running.

There are two use cases. For a clip, the file should appear when it is complete, or not at all. For
a camera that runs for months, users follow the file (`tail -f`), keep it through a power cut, and
rotate it. So results of files are written under a temporary name, and results of live sources are
appended in place, line by line.
"""

import logging
import os
from contextlib import ExitStack
from pathlib import Path

from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, is_device, leave, open_device, whole_file

from ..sink import ReaderGoneError
from .disk_sync import DiskSync
from .power_cut import ForeignContentError, LineFormat, cut_damage

log = logging.getLogger(__name__)


class LineFile:
    """Complete lines of UTF-8 in a file; other bytes are written as backslash escapes."""

    def __init__(self, path: Path, line_format: LineFormat, *, in_place: bool = False) -> None:
        """Open the file.

        Args:
            path: Path of the file. A device or a named pipe is always written in place.
            line_format: Format of the lines. An existing file must have the same format to be
                appended to.
            in_place: Whether to append each line at once, and flush it to the disk soon. Existing
                complete lines are kept; a file that was moved or deleted (log rotation) is created
                again, and one that was emptied begins again.

        Raises:
            OutputError: It cannot be written, or has lines of another format.
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
        self._begin()

    def write(self, line: str) -> None:
        """Add a line, completely or not at all.

        Raises:
            OutputError: The disk is full, or the folder no longer exists.
            ReaderGoneError: It is a pipe without a reader.
        """
        if self._in_place:
            self._follow_rotation()
        self._append(line)

    def close(self, *, complete: bool) -> None:
        """Rename a complete file, delete an incomplete one.

        Raises:
            OutputError: It is complete, but its last lines did not reach the disk.
        """
        try:
            self._close_handle()
        except OutputError:
            if complete:  # an incomplete run ends for another reason
                raise
        finally:
            leave(self._files, complete=complete)

    def _close_handle(self) -> None:
        sync, handle = self._sync, self._handle
        self._sync, self._handle = None, -1
        if handle >= 0:
            os.close(handle)
        if sync is not None:
            try:
                sync.close()
            except OSError as error:
                raise cannot_write(self._path, error) from error

    def _open_in_place(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._is_regular = not is_device(self._path)
            if self._is_regular:
                access = os.O_RDWR | os.O_CREAT | os.O_APPEND
                self._handle = os.open(self._path, access, 0o666)
                self._continue()
                self._sync = DiskSync(self._path)
            else:  # a pipe opened for reading and writing would read its own lines
                self._handle = open_device(self._path)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        if not self._is_regular or not os.fstat(self._handle).st_size:
            self._begin()

    def _begin(self) -> None:
        if self._format.header is not None:
            self._append(self._format.header)

    def _continue(self) -> None:
        """Check the content of an earlier run, and remove damage by a power cut."""
        size = os.fstat(self._handle).st_size
        try:
            gone = cut_damage(self._handle, size, self._format)
        except ForeignContentError as error:
            raise OutputError(
                f"{self._path} has {error}; choose another file, or move it away"
            ) from error
        if gone > 0:
            log.warning("%s: removed %d bytes that a power cut left at its end", self._path, gone)

    def _follow_rotation(self) -> None:
        """Create a file again that was moved or deleted; begin one again that was emptied."""
        here = os.fstat(self._handle)
        try:
            is_there = os.path.samestat(here, self._path.stat())
        except FileNotFoundError:
            is_there = False
        if not is_there:
            self._close_handle()
            self._open_in_place()
        elif self._is_regular and not here.st_size:
            self._begin()

    def _append(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        written = 0
        try:
            while written < len(data):
                written += os.write(self._handle, data[written:])
        except BrokenPipeError as error:
            raise ReaderGoneError(*error.args) from error
        except OSError as error:
            if written and self._in_place and self._is_regular:  # remove an incomplete line
                os.ftruncate(self._handle, os.fstat(self._handle).st_size - written)
            raise cannot_write(self._path, error) from error
        if self._sync is not None:
            self._note_written(self._sync)

    def _note_written(self, sync: DiskSync) -> None:
        try:
            sync.wrote()
        except OSError as error:
            raise cannot_write(self._path, error) from error
