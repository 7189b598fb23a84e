"""Signals as requests that a loop obeys between two frames.

A handler that raised wherever the program stands could cut a JSON line or a picture in two. Here a
handler only notes the request; it raises in one place alone, where the loop waits for its next
frame, so that a stalled source does not hold up the end.
"""

import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from .frame import Frame, Source


class Signals:
    """SIGTERM and SIGINT (Ctrl-C) end a run; SIGHUP asks it to load its model file again.

    A second SIGTERM or SIGINT ends the process at once, with nothing finished. A SIGHUP that comes
    because the terminal was closed ends the run. What was ignored before (`nohup`) stays ignored.
    A context manager; outside the main thread, where Python has no handlers, it does nothing.
    """

    def __init__(self) -> None:
        self.stop_requested = False
        self.reload_requested = False
        self._is_waiting = False
        self._before: dict[signal.Signals, Any] = {}
        self._terminals = [number for number in range(3) if _is_terminal(number)]

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():
            for number, handler in (
                (signal.SIGTERM, self._stop),
                (signal.SIGINT, self._stop),
                (signal.SIGHUP, self._hang_up),
            ):
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def frames(self, source: Source) -> Iterator[Frame]:
        """Yield a source's frames until it ends or the end is asked for."""
        frames = iter(source)
        # one that knows its length never stands still: no need to interrupt it in mid-read
        while (frame := self._next(frames, may_stall=source.length is None)) is not None:
            yield frame

    def take_reload(self) -> bool:
        """Tell whether a reload was asked for since the last call."""
        requested, self.reload_requested = self.reload_requested, False
        return requested

    def _next(self, frames: Iterator[Frame], *, may_stall: bool) -> Frame | None:
        try:
            try:
                self._is_waiting = may_stall
                # a signal above this line is seen here, one below it raises
                return None if self.stop_requested else next(frames, None)
            finally:
                self._is_waiting = False
        except _StopWaitingError:
            return None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_requested = True
        for ending in {signal.SIGTERM, signal.SIGINT} & set(self._before):
            signal.signal(ending, signal.SIG_DFL)  # the second one is the kernel's
        if self._is_waiting:
            self._is_waiting = False
            raise _StopWaitingError

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if all(map(_is_terminal, self._terminals)):
            self.reload_requested = True
        else:
            self._stop(number, frame)


class _StopWaitingError(BaseException):
    """Never leaves this module; no `except Exception` of a source swallows it."""


def _is_terminal(descriptor: int) -> bool:
    """Tell whether a descriptor is a terminal that is still there."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
