"""One deployment at a time on a device."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from .channel import RefusedError


class Lock:
    """The kernel's lock on a file: it is free again as soon as its holder is dead."""

    def __init__(self, path: Path, holder: str) -> None:
        """Take it.

        Args:
            path: The file, which stays.
            holder: Who takes it, for the message to the next one.

        Raises:
            RefusedError: Another deployment holds it.
        """
        self._handle = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = os.read(self._handle, 500).decode("utf-8", "replace").strip()
            os.close(self._handle)
            raise RefusedError(
                f"another deployment is at work there ({other or 'it did not say whose'}); "
                "wait until it has ended"
            ) from None
        since = time.strftime("%H:%M:%S", time.gmtime())
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{holder}, since {since} UTC".encode(), 0)

    def release(self) -> None:
        """Give it back."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)
