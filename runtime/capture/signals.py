"""Signals as requests that a loop handles between two frames.

A handler that raised at any point of the program could cut a JSON line in two, or leave a lock
taken. Here a handler only notes the request. There is one exception: while the loop waits for a
frame that may never arrive, another thread closes the source, which ends the wait.
"""

import _thread
import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .frame import Frame, Source
from .own_source import CheckedSource

SAME_REQUEST_S = 1.0
"""Time in which further signals belong to the same request: `timeout` signals its command and then
their group, and `uv run` passes on a Ctrl-C that the terminal also sends."""


class Signals:
    """SIGTERM and SIGINT (Ctrl-C) end a run; SIGHUP makes it reload its model file.

    Another SIGTERM or SIGINT, `SAME_REQUEST_S` after the first or later, ends the process
    immediately, without finishing anything. A SIGHUP caused by a closed terminal ends the run.
    Signals that were ignored before (`nohup`) stay ignored. A context manager; outside the main
    thread, where Python has no handlers, it does nothing.
    """

    def __init__(self) -> None:
        self.stop_requested = False
        self.reload_requested = False
        self._is_over = False
        self._restoring = threading.Lock()
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
        with self._restoring:
            self._is_over = True
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
        # fer-edge's sources of a known length never block, and need not be closed while reading
        may_wait = isinstance(source, CheckedSource) or source.length is None
        self._waits_for = source if may_wait else None
        try:
            # a signal before this line is seen by it, a later one finds a source to close
            return None if self.stop_requested else next(frames, None)
        except Exception:
            if self.stop_requested:  # closing a source during a read may cause any error
                return None
            raise
        finally:
            self._waits_for = None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.stop_requested:
            return
        self.stop_requested = True
        # in threads: this one may hold the source's lock; and not with threading.Thread, whose
        # start takes a lock that the interrupted code may hold as well
        _thread.start_new_thread(self._leave_to_kernel, ())
        if self._waits_for is not None:
            _thread.start_new_thread(self._waits_for.close, ())

    def _leave_to_kernel(self) -> None:
        """Give the next signal back to the kernel, because Python's handlers wait for native code.

        Python sets handlers in the main thread only, where such code may run. Code that hangs with
        Python's global lock also stops this thread: only SIGKILL ends that.
        """
        time.sleep(SAME_REQUEST_S)
        for ending in {signal.SIGTERM, signal.SIGINT} & set(self._before):
            with self._restoring:
                if self._is_over:
                    return
                ctypes.CDLL(None).signal(int(ending), None)  # SIG_DFL is a null pointer

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
