"""A growing file that reaches its disk every few seconds.

Left alone, Linux writes a page 5 to 30 seconds after it was changed, and a power cut takes all of
that along. Here a thread asks for it (fdatasync) every `SYNC_S` seconds while lines or frames come,
and never while none do: not with each line, which would wear out a card and hold up the frames.
"""

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

from fer_edge.files import sync

SYNC_S = 5.0
"""So many seconds a power cut may take along, and the time that the disk takes to write."""

_CLOSE_S = 10.0
"""So long the end waits for a disk that hangs."""

_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EROFS)
"""What file systems answer that know no such request."""


class DiskSync:
    """Brings what was written into a file to its disk, in the background."""

    def __init__(self, path: Path) -> None:
        """Begin.

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
        """Note that something was written.

        Raises:
            OSError: An earlier part could not be brought to the disk.
        """
        self._is_dirty.set()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Bring the rest to the disk, and end."""
        self._ended.set()
        self._is_dirty.set()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        try:
            while self._error is None and not self._ended.is_set():
                self._is_dirty.wait()
                self._ended.wait(SYNC_S)
                self._is_dirty.clear()
                self._sync()
        finally:
            os.close(self._handle)

    def _sync(self) -> None:
        try:
            os.fdatasync(self._handle)
            if self._is_new:  # its name, too
                self._is_new = False
                with suppress(OSError):  # it may be written to and not read
                    sync(self._folder)
        except OSError as error:
            if error.errno not in _CANNOT:
                self._error = error
