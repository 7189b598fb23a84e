"""A growing file that is flushed to its disk every few seconds.

By default, Linux writes a page 5 to 30 seconds after it was changed, and a power cut loses all of
that. Here a thread requests it (fdatasync) every `SYNC_S` seconds while lines or frames are
written: not after each line, which would wear out a card and delay the frames.
"""

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

from fer_edge.files import sync

SYNC_S = 5.0
"""Interval of flushing: a power cut loses about this many seconds."""

_CLOSE_S = 10.0
"""Longest wait at the end for a disk that hangs."""

_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EROFS)
"""Errors of file systems that do not support the request."""


class DiskSync:
    """Flushes a file to its disk, in the background."""

    def __init__(self, path: Path) -> None:
        """Start.

        Args:
            path: A regular file that exists; it may be renamed later.

        Raises:
            OSError: It cannot be opened.
        """
        self._folder = path.parent
        self._is_new = True
        self._handle = os.open(path, os.O_RDONLY)
        self._error: OSError | None = None
        self._is_dirty = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sync {path.name}", daemon=True)
        self._thread.start()

    def wrote(self) -> None:
        """Note that data was written.

        Raises:
            OSError: Earlier data could not be flushed to the disk.
        """
        self._is_dirty.set()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Flush the rest to the disk, and end.

        Raises:
            OSError: Data could not be flushed to the disk.
        """
        self._ended.set()
        self._is_dirty.set()
        self._thread.join(_CLOSE_S)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            is_last = False
            while self._error is None and not is_last:
                self._is_dirty.wait()
                is_last = self._ended.wait(SYNC_S)  # not set later: a flush may run at the end
                self._is_dirty.clear()
                self._sync()
        finally:
            os.close(self._handle)

    def _sync(self) -> None:
        try:
            os.fdatasync(self._handle)
            if self._is_new:  # flush the name, too
                self._is_new = False
                with suppress(OSError):  # the file may be writable but not readable
                    sync(self._folder)
        except OSError as error:
            if error.errno not in _CANNOT:
                self._error = error
