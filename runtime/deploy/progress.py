"""One line a host while a deployment goes on."""

import shutil
import threading
import time
from collections.abc import Sequence
from typing import TextIO


class Progress:
    """Rewrites a host's line on a terminal; elsewhere writes one after the other."""

    def __init__(self, hosts: Sequence[str], stream: TextIO) -> None:
        """Show nothing yet.

        Args:
            hosts: In the order of their lines.
            stream: Where they are written.
        """
        self._lines = dict.fromkeys(hosts, "")
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._shown = 0

    def say(self, host: str, text: str) -> None:
        """Take a host's newest line."""
        with self._lock:
            passed = f"{time.monotonic() - self._started:5.1f} s"
            is_lasting = text.startswith(("note: ", "would "))
            # elsewhere than on a terminal each step is said once, not each wheel
            is_new = text.partition(":")[0] not in self._lines[host]
            if is_lasting or (is_new and not self._is_terminal):
                self._clear()
                self._stream.write(f"{host}: {text}\n")
            self._lines[host] = f"{host}  {passed}  {text}"
            self._draw()
            self._stream.flush()

    def end(self) -> None:
        """Take the lines away: the table says how it ended."""
        with self._lock:
            self._clear()
            self._stream.flush()

    def _clear(self) -> None:
        if self._shown:
            self._stream.write(f"\x1b[{self._shown}A\x1b[J")
            self._shown = 0

    def _draw(self) -> None:
        if not self._is_terminal:
            return
        self._clear()
        width = shutil.get_terminal_size().columns - 1
        shown = [line for line in self._lines.values() if line]
        for line in shown:
            self._stream.write(f"{line[:width]}\n")
        self._shown = len(shown)
