"""Signals as requests that a loop obeys between two frames.

A handler that raised wherever the program stands could cut a JSON line in two, or leave a lock
taken. Here a handler notes the request, and no more. Only where the loop waits for a frame that may
never come is there something to do: the source is closed by another thread, which ends the wait.
"""

import _thread
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from fer_edge.errors import FerEdgeError

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
        self._waits_for: Source | None = None
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

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def frames(self, source: Source) -> Iterator[Frame]:
        """Yield a source's frames until it ends or the end is asked for."""
        frames = iter(source)
        while (frame := self._next(frames, source)) is not None:
            yield frame

    def take_reload(self) -> bool:
        """Return whether a reload was asked for since the last call."""
        requested, self.reload_requested = self.reload_requested, False
        return requested

    def _next(self, frames: Iterator[Frame], source: Source) -> Frame | None:
        # one that knows its length never stands still, and need not be closed in mid-read
        self._waits_for = source if source.length is None else None
        try:
            # a signal above this line is seen by it, one below it finds a source to close
            return None if self.stop_requested else next(frames, None)
        except FerEdgeError:
            if self.stop_requested:  # what is closed in mid-read may complain
                return None
            raise
        finally:
            self._waits_for = None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_requested = True
        for ending in {signal.SIGTERM, signal.SIGINT} & set(self._before):
            signal.signal(ending, signal.SIG_DFL)  # the second one is the kernel's
        if self._waits_for is not None:
            # not here: this thread may hold the source's lock. And not by threading.Thread, whose
            # start takes a lock that the interrupted code may hold as well.
            _thread.start_new_thread(self._waits_for.close, ())

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if all(map(_is_terminal, self._terminals)):
            self.reload_requested = True
        else:
            self._stop(number, frame)


def _is_terminal(descriptor: int) -> bool:
    """Return whether a descriptor is a terminal that is still there."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
