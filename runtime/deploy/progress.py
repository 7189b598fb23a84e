"""One line of progress per host during a deployment."""

import shutil
import threading
import time
from collections.abc import Sequence
from typing import TextIO

from .outcome import one_line


class Progress:
    """Rewrites a host's line on a terminal; otherwise writes line after line."""

    def __init__(self, hosts: Sequence[str], stream: TextIO) -> None:
        """Start without lines.

        Args:
            hosts: Hosts in the order of their lines.
            stream: Output.
        """
        self._lines = dict.fromkeys(hosts, "")
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._shown = 0

    def say(self, host: str, text: str) -> None:
        """Update a host's line; the text may be a device's."""
        text = one_line(text)
        with self._lock:
            passed = f"{time.monotonic() - self._started:5.1f} s"
            is_lasting = text.startswith(("note: ", "would "))
            # not on a terminal: print each step once, not each wheel
            is_new = text.partition(":")[0] not in self._lines[host]
            if is_lasting or (is_new and not self._is_terminal):
                self._clear()
                self._stream.write(f"{host}: {text}\n")
            self._lines[host] = f"{host}  {passed}  {text}"
            self._draw()
            self._stream.flush()

    def end(self) -> None:
        """Remove the lines: the table of results follows."""
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
