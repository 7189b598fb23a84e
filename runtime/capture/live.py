"""A live source: a thread reads a camera or stream, and the newest frame is returned."""

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerEdgeError

from .capture import USUAL_RATE_HZ, Capture, CaptureFaultError, check_capture, checked_rate_hz
from .frame import Decoded, Frame, OnLoss, check_on_loss

log = logging.getLogger(__name__)


FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
STEADY_S = 10.0
"""After frames have arrived for this long, the first retries after a loss are quick again."""
CLOSE_S = 2.0
"""Longest time that `close` waits for a read that hangs in a driver."""
_CLOSE_STREAM_S = 0.5
"""Longest time that it waits for a read that hangs in the network and cannot be interrupted."""
REMIND_S = 600.0
"""Time after a loss of the first reminder; further ones follow after 1 h, 6 h, then daily."""
_DAY_S = 86400.0
_GRACE_S = 0.1
_LAST_WAIT_S = 15.0
_LARGEST_DRIFT_S = 1.0
_LEAST_STEP_S = 1e-3


_running: "set[Live]" = set()


@atexit.register
def _end_threads() -> None:
    """End the threads that are still running when Python exits.

    A thread that returns from OpenCV after Python has shut down makes the process abort ("FATAL:
    exception not rethrown"), so hanging threads are also waited for: their timeouts are short.
    FFmpeg is C code and has no such problem.
    """
    for source in list(_running):
        if not source._outlives_python:
            source.close()
            source._join(_LAST_WAIT_S)


class Live:
    """The newest frame of a capture that a separate thread reads.

    One frame is kept. A newer frame replaces it, and the older one is dropped: however slow the
    reader is, the latency is that of one frame. Frames are counted from the first returned one, and
    the clock starts with it. The `index` of a frame is the number of frames read before it plus the
    number dropped before it (`dropped`). Frame times are the stream's time stamps, if it has any,
    else those of arrival; they follow the wall clock while the capture is lost or paused.
    """

    is_video = True
    is_live = True
    length: int | None = None

    def __init__(self, capture: Capture, *, on_loss: OnLoss | None = None) -> None:
        """Start the thread and wait until the capture was tried once.

        Args:
            capture: Device to read; the thread opens and closes it.
            on_loss: "wait" reopens a lost capture until it is back, first after half a second, then
                at growing intervals of up to 30 s. "exit" makes a loss an error. None means "exit"
                until the first frame and "wait" afterwards: a wrong address is reported
                immediately, but a camera that restarts at night does not end the run.

        Raises:
            SourceError: It cannot be opened, and `on_loss` is not "wait"; or it is not a `Capture`.
            ConfigError: `on_loss` is unknown.
        """
        check_capture(capture)
        check_on_loss(on_loss)
        self.dropped = 0
        self.frame_rate_hz = USUAL_RATE_HZ
        self._capture = capture
        self._outlives_python: bool = getattr(capture, "outlives_python", False)
        self._on_loss = on_loss
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._error: FerEdgeError | None = None
        self._news: deque[str] = deque(maxlen=8)
        self._count = 0  # number of frames that arrived
        self._index = 0  # index of the next frame
        self._late = 0  # number of dropped frames
        self._started_s = 0.0
        self._time_s = 0.0
        self._clock_offset_s: float | None = None
        self._lost_s: float | None = None
        self._remind_s = REMIND_S
        self._is_tried = self._is_read = self._is_over = self._is_paused = False
        self._thread = threading.Thread(target=self._run, name=f"read {capture.name}", daemon=True)
        _running.add(self)
        self._thread.start()
        try:
            self._wait_for_first_try()
        except BaseException:  # including Ctrl-C
            self.close()
            raise

    def __iter__(self) -> Iterator[Frame]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest or self._news or self._is_over)
                frame, self._newest = self._newest, None
                if frame is not None:
                    self.dropped, self._is_read = self._late, True
                news, is_over = list(self._news), self._is_over
                self._news.clear()
            # logged here and not by the thread: in the order in which the reader sees it
            for line in news:
                log.warning(line)
            if frame is not None:
                yield frame
            elif is_over:
                break
        if self._error is not None:
            raise self._error

    @property
    def is_lost(self) -> bool:
        """Whether the capture is lost and is being reopened."""
        return self._lost_s is not None

    @property
    def is_paused(self) -> bool:
        """Whether it is paused: its capture is closed, or will be when its read returns."""
        return self._is_paused

    def pause(self) -> None:
        """Stop reading: close the capture, return no frames. From any thread, at any time."""
        with self._changed:
            if self._is_paused:
                return
            if self._newest is not None:
                self._drop_newest()
            self._is_paused, self._newest, self._lost_s = True, None, None
            self._news.append(f"{self._capture.name} is paused")
            self._changed.notify_all()

    def resume(self) -> None:
        """Reopen the capture after `pause`, and continue."""
        with self._changed:
            if not self._is_paused:
                return
            self._is_paused = False
            self._news.append(f"{self._capture.name} is resumed")
            self._changed.notify_all()

    def close(self) -> None:
        """End the iteration and the thread; the thread releases the capture.

        A hanging read is interrupted. If a driver or FFmpeg does not allow that, this returns after
        two seconds, and the thread ends with that read.
        """
        with self._changed:
            self._newest = None
            self._is_over = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._join(_CLOSE_STREAM_S if self._outlives_python else CLOSE_S)

    def _join(self, patience_s: float) -> None:
        deadline_s = time.monotonic() + patience_s
        while self._thread.is_alive() and time.monotonic() < deadline_s:
            self._thread.join(_GRACE_S)  # a working camera delivers a frame in this time
            if self._thread.is_alive():
                try:
                    self._capture.interrupt()
                except Exception as error:  # of a driver: the thread is waited for all the same
                    log.debug("%s cannot be interrupted: %s", self._capture.name, error)

    def _wait_for_first_try(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_tried)
            if self._error is not None:
                raise self._error

    def _run(self) -> None:
        try:
            self._read_until_over()
        finally:
            _running.discard(self)

    def _read_until_over(self) -> None:
        retry_s = FIRST_RETRY_S
        while self._wait_while_paused():
            count, opened_s = self._count, time.monotonic()
            fault: Exception | None = None
            try:
                rate_hz = self._capture.open()
                opened_s = time.monotonic()
                self._opened(checked_rate_hz(rate_hz))
                while self._take(self._capture.read()):
                    pass
            except Exception as error:  # also of a driver: this thread must not end silently
                fault = error
            try:
                self._capture.close()
            except Exception as error:  # after a loss, the reason of the loss is the one to report
                fault = fault or error
            was_paused = fault is None and not self._is_over
            goes_on = was_paused or (fault is not None and self._lose(fault))
            if was_paused or (self._count > count and time.monotonic() - opened_s >= STEADY_S):
                retry_s = FIRST_RETRY_S
            if not goes_on:
                return
            if not was_paused:
                with self._changed:
                    self._changed.wait_for(lambda: self._is_over or self._is_paused, retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)

    def _wait_while_paused(self) -> bool:
        """Wait while paused; return whether to open the capture."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or not self._is_paused)
            return not self._is_over

    def _opened(self, rate_hz: float) -> None:
        with self._changed:
            self._clock_offset_s = None
            # some streams declare the clock of their packets, 90000 Hz
            if 0 < rate_hz <= 1000:
                self.frame_rate_hz = rate_hz
            self._is_tried = True
            self._changed.notify_all()

    def _take(self, image: NDArray[np.uint8] | Decoded) -> bool:
        """Store a frame as the newest; return whether to continue."""
        now_s = time.monotonic()
        with self._changed:
            if self._is_over or self._is_paused:
                return False
            if self._lost_s is not None:
                self._news.append(
                    f"{self._capture.name} is back after {now_s - self._lost_s:.0f} s"
                )
                self._lost_s = None
            if self._newest is not None:
                self._drop_newest()
            if self._index == 0:
                self._started_s, self._clock_offset_s = now_s, None
            self._time_s = self._frame_time_s(now_s - self._started_s)
            name = self._capture.name
            self._newest = Frame(image, self._index, self._time_s, name, unix_s=time.time())
            self._index += 1
            self._count += 1
            self._changed.notify_all()
        return True

    def _drop_newest(self) -> None:
        if self._is_read:
            self._late += 1
        else:  # the first frame was not returned yet
            self._index = 0

    def _frame_time_s(self, wall_s: float) -> float:
        """Return the time of a frame that arrived at a wall-clock time.

        Packets arrive in bursts, so the stream's time stamps are the better clock while they stay
        near the wall clock: a camera may set or restart its clock. No frame is before another,
        even if only some of them have a time stamp.
        """
        clock_s: float | None = getattr(self._capture, "clock_s", None)
        time_s = wall_s
        if clock_s is not None:
            if (
                self._clock_offset_s is None
                or abs(clock_s + self._clock_offset_s - wall_s) > _LARGEST_DRIFT_S
            ):
                self._clock_offset_s = wall_s - clock_s
            time_s = clock_s + self._clock_offset_s
        return time_s if self._index == 0 else max(self._time_s + _LEAST_STEP_S, time_s)

    def _lose(self, error: Exception) -> bool:
        """Note that the capture is lost; return whether to reopen it."""
        if not isinstance(error, FerEdgeError):
            reason = f"{type(error).__name__}: {error}"
            error = CaptureFaultError(f"{self._capture.name} failed: {reason}")
        with self._changed:
            self._is_tried = True
            waits = self._on_loss == "wait" or (self._on_loss is None and self._count > 0)
            waits = waits or self._is_paused  # a failed read while paused is not a loss
            if not self._is_over and not waits:
                self._error = error
                self._is_over = True
            elif not self._is_over and not self._is_paused:
                self._tell_loss(error)
            self._changed.notify_all()
            return not self._is_over

    def _tell_loss(self, error: FerEdgeError) -> None:
        """Log a loss once, and then at growing intervals that it lasts."""
        now_s = time.monotonic()
        if self._lost_s is None:
            self._lost_s, self._remind_s = now_s, REMIND_S
            self._news.append(f"{error}; trying again until it is back")
        elif now_s - self._lost_s >= self._remind_s:
            self._remind_s += min(5 * self._remind_s, _DAY_S)
            minutes = (now_s - self._lost_s) / 60
            duration = f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.1f} h"
            self._news.append(f"still lost after {duration}: {error}")
