"""Signals as requests that a loop handles between two frames.

A handler that raised at any point of the program could cut a JSON line in two, or leave a lock
taken. Here a handler only notes the request. There is one exception: while the loop waits for a
frame that may never arrive, another thread closes the source, which ends the wait.
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
    """SIGTERM and SIGINT (Ctrl-C) end a run; SIGHUP makes it reload its model file.

    A second SIGTERM or SIGINT ends the process immediately, without finishing anything. A SIGHUP
    caused by a closed terminal ends the run. Signals that were ignored before (`nohup`) stay
    ignored. A context manager; outside the main thread, where Python has no handlers, it does
    nothing.
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
        """Yield a source's frames until it ends or the end is requested."""
        frames = iter(source)
        while (frame := self._next(frames, source)) is not None:
            yield frame

    def take_reload(self) -> bool:
        """Return whether a reload was requested since the last call."""
        requested, self.reload_requested = self.reload_requested, False
        return requested

    def _next(self, frames: Iterator[Frame], source: Source) -> Frame | None:
        # a source with a known length never blocks, and need not be closed while reading
        self._waits_for = source if source.length is None else None
        try:
            # a signal before this line is seen by it, a later one finds a source to close
            return None if self.stop_requested else next(frames, None)
        except FerEdgeError:
            if self.stop_requested:  # closing a source during a read may cause an error
                return None
            raise
        finally:
            self._waits_for = None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_requested = True
        for ending in {signal.SIGTERM, signal.SIGINT} & set(self._before):
            signal.signal(ending, signal.SIG_DFL)  # the kernel handles the second one
        if self._waits_for is not None:
            # not here: this thread may hold the source's lock; and not with threading.Thread,
            # whose start takes a lock that the interrupted code may hold as well
            _thread.start_new_thread(self._waits_for.close, ())

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if all(map(_is_terminal, self._terminals)):
            self.reload_requested = True
        else:
            self._stop(number, frame)


def _is_terminal(descriptor: int) -> bool:
    """Return whether a descriptor is a terminal that still exists."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
