"""Agreement of the compared models, reported during a run."""

import time
from collections.abc import Callable
from typing import IO

from ..recognition.result import Result

EVERY_S = 60.0


class ComparisonReports:
    """Writes one line about the compared models every minute; the summary has the final result."""

    def __init__(
        self, stream: IO[str], comparison: Callable[[], str | None], *, every_s: float = EVERY_S
    ) -> None:
        """Start the first interval.

        Args:
            stream: Output.
            comparison: Function that returns the agreement so far, if models are compared.
            every_s: Interval in seconds.
        """
        self._stream = stream
        self._comparison = comparison
        self._every_s = every_s
        self._next_s = time.monotonic() + every_s

    def write(self, result: Result) -> None:
        """Write a line, if the interval has passed."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        text = self._comparison()
        if text is not None:
            over_bar = "\r\x1b[K" if self._stream.isatty() else ""
            self._stream.write(f"{over_bar}fer-edge: {'; '.join(text.splitlines())}\n")
            self._stream.flush()

    def close(self, *, complete: bool) -> None:
        """Do nothing: the stream's owner closes it."""
