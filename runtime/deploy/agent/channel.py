"""The device's end of the connection.

A request is one line of JSON on standard input, {"do": name, ...}, followed by `size` bytes if it
has a size. Every answer is one line of JSON on standard output: {"result": ...} or {"error": one
sentence}. In between, {"do": "ping"} shows that the workstation is alive.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Iterator
from typing import Any

SILENCE_S = 45.0
"""Silence after which the workstation is considered dead, for example if a cable was pulled."""

_CHUNK = 1 << 16


class GoneError(Exception):
    """Raised when the workstation disconnected, or was silent for too long."""


class RefusedError(Exception):
    """Raised when a step cannot be done; its text is the error in the answer."""


class Channel:
    """Requests from one descriptor, answers to another."""

    def __init__(self, source: int = 0, target: int = 1) -> None:
        self._source, self._target = source, target
        self._pending = b""
        self._heard_s = time.monotonic()
        self.is_gone = False

    def fileno(self) -> int:
        """Return the descriptor of the requests, for select."""
        return self._source

    def request(self) -> dict[str, Any]:
        """Wait for the next request.

        Raises:
            GoneError: The workstation disconnected.
        """
        while True:
            while b"\n" not in self._pending:
                self._wait()
            line, _, self._pending = self._pending.partition(b"\n")
            request: dict[str, Any] = json.loads(line)
            if request["do"] != "ping":
                return request

    def body(self, size: int) -> Iterator[bytes]:
        """Yield the bytes that follow a request.

        Raises:
            GoneError: The workstation disconnected before the end.
        """
        while size:
            if not self._pending:
                self._wait()
            chunk, self._pending = self._pending[:size], self._pending[size:]
            size -= len(chunk)
            yield chunk

    def listen(self, seconds: float) -> None:
        """Read incoming data for some time, and detect a disconnected workstation."""
        if self.is_gone:
            return
        ready, _, _ = select.select([self._source], [], [], seconds)
        if ready:
            chunk = os.read(self._source, _CHUNK)
            self._pending += chunk
            self._heard_s = time.monotonic()
            self.is_gone = not chunk
        elif time.monotonic() - self._heard_s > SILENCE_S:
            self.is_gone = True

    def say(self, **record: object) -> None:
        """Answer, without waiting for a disconnected workstation."""
        line = json.dumps(record).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._target, line) :]
        except OSError:
            self.is_gone = True

    def _wait(self) -> None:
        self.listen(SILENCE_S + 1)
        if self.is_gone:
            raise GoneError
