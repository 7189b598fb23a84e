"""One deployment at a time on a device."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from .channel import RefusedError


class Lock:
    """A file lock of the kernel: it is released as soon as its holder ends."""

    def __init__(self, path: Path, holder: str) -> None:
        """Take it.

        Args:
            path: The lock file, which is kept.
            holder: Name of the holder, for the message to others.

        Raises:
            RefusedError: Another deployment holds it, or the file system has no locks.
        """
        self._handle = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(self._handle, 500).decode("utf-8", "replace").strip()
            os.close(self._handle)
            raise RefusedError(
                f"another deployment is running there ({other or 'it did not name its host'}); "
                "wait until it has finished"
            ) from None
        except OSError as error:
            os.close(self._handle)
            raise RefusedError(
                f"{path} cannot be locked there: {error.strerror}; expected a file system with "
                "locks"
            ) from None
        since = time.strftime("%H:%M:%S", time.gmtime())
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{holder}, since {since} UTC".encode(), 0)

    def release(self) -> None:
        """Release it."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)
