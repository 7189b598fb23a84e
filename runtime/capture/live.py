"""A live source: a thread reads a camera or stream, and the newest frame is handed over."""

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerEdgeError, SourceError

from .frame import Decoded, Frame, OnLoss

log = logging.getLogger(__name__)


FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
STEADY_S = 10.0
"""So long must frames come before a further loss is tried again quickly."""
CLOSE_S = 2.0
"""So long `close` waits for a read that hangs in a driver."""
_CLOSE_STREAM_S = 0.5
"""So long it waits for one that hangs in the network, which nothing can interrupt."""
USUAL_RATE_HZ = 30.0
REMIND_S = 600.0
"""So long after a loss one line says that it lasts; the next ones come after 1 h, 6 h, each day."""
_DAY_S = 86400.0
_GRACE_S = 0.1
_LAST_WAIT_S = 15.0
_LARGEST_DRIFT_S = 1.0
_LEAST_STEP_S = 1e-3


class Capture(Protocol):
    """What a `Live` source reads: blocking, used by one thread, opened again after a loss.

    A capture may also have `clock_s`, the time stamp in seconds of the frame that was read last or
    None, and `outlives_python`: whether Python may end while one of its reads hangs.

    Attributes:
        name: For messages and `Frame.name`; without any password.
    """

    name: str

    def open(self) -> float:
        """Open it and return its frame rate in Hz, 0 where it does not tell.

        Raises:
            SourceError: It cannot be opened.
        """
        ...

    def read(self) -> NDArray[np.uint8] | Decoded:
        """Wait for the next frame, but not for ever: uint8, (height, width, 3), BGR.

        Raises:
            SourceError: No frame came within some seconds, or none will come.
        """
        ...

    def close(self) -> None:
        """Free it; may be called where it is not open."""
        ...

    def interrupt(self) -> None:
        """Make an `open` or `read` that hangs in the thread return soon, where that is possible.

        The one method that is called from another thread; perhaps several times.
        """


_running: "set[Live]" = set()


@atexit.register
def _end_threads() -> None:
    """End the threads that still run when Python does.

    A thread that comes back from OpenCV after Python has gone makes the process abort ("FATAL:
    exception not rethrown"), so even one that hangs is waited for: its timeouts are shorter.
    FFmpeg is C and does not mind.
    """
    for source in list(_running):
        if not source._outlives_python:
            source.close()
            source._join(_LAST_WAIT_S)


class Live:
    """The newest frame of a capture that a thread of its own reads.

    One frame is kept. A newer one takes its place, and the older is dropped: however slow the
    reader, latency stays that of one frame. Frames are counted from the first that is handed over,
    and the clock starts with it. Each frame's `index` is the number of those read before it and of
    those dropped before it (`dropped`). Frame times are the stream's own where it has time stamps,
    and go on by the wall clock while the capture is lost or paused.
    """

    is_video = True
    is_live = True
    length: int | None = None

    def __init__(self, capture: Capture, *, on_loss: OnLoss | None = None) -> None:
        """Start the thread and wait until the capture has been tried once.

        Args:
            capture: What is read; the thread opens and closes it.
            on_loss: "wait" opens a lost capture again until it is back, at first after half a
                second, then ever more rarely, at least every 30 s. "exit" makes a loss an error.
                None takes "exit" until the first frame has come and "wait" from then on: a wrong
                address is told at once, a camera that restarts at night ends nothing.

        Raises:
            SourceError: It cannot be opened, and `on_loss` is not "wait".
        """
        self.dropped = 0
        self.frame_rate_hz = USUAL_RATE_HZ
        self._capture = capture
        self._outlives_python: bool = getattr(capture, "outlives_python", False)
        self._on_loss = on_loss
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._error: FerEdgeError | None = None
        self._news: deque[str] = deque(maxlen=8)
        self._count = 0  # frames that came, to the last
        self._index = 0  # of the next frame
        self._late = 0  # frames that nobody read in time
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
        except BaseException:  # Ctrl-C, too
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
        """Whether it has lost its capture and tries to open it again."""
        return self._lost_s is not None

    @property
    def is_paused(self) -> bool:
        """Whether it was told to pause: its capture is closed, or will be when its read returns."""
        return self._is_paused

    def pause(self) -> None:
        """Stop reading: close the capture, hand over no frame. From any thread, at any time."""
        with self._changed:
            if self._is_paused:
                return
            if self._newest is not None:
                self._drop_newest()
            self._is_paused, self._newest, self._lost_s = True, None, None
            self._news.append(f"{self._capture.name} is paused: it is not read")
            self._changed.notify_all()

    def resume(self) -> None:
        """Open the capture again after `pause`, and read on."""
        with self._changed:
            if not self._is_paused:
                return
            self._is_paused = False
            self._news.append(f"{self._capture.name} is read again")
            self._changed.notify_all()

    def close(self) -> None:
        """End the iteration and the thread; the thread frees the capture.

        A read that hangs is interrupted. Where a driver or FFmpeg does not allow that, this returns
        after `CLOSE_S`, and the thread ends with that read.
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
            self._thread.join(_GRACE_S)  # a camera that works delivers its frame in this time
            if self._thread.is_alive():
                self._capture.interrupt()

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
            try:
                rate_hz = self._capture.open()
                opened_s = time.monotonic()
                self._opened(rate_hz)
                while self._take(self._capture.read()):
                    pass
                goes_on = not self._is_over  # it pauses
            except FerEdgeError as error:
                goes_on = self._lose(error)
            except Exception as error:  # a driver's own: this thread must not end without a word
                reason = f"{type(error).__name__}: {error}"
                goes_on = self._lose(SourceError(f"{self._capture.name} failed: {reason}"))
            finally:
                self._capture.close()
            if self._count > count and time.monotonic() - opened_s >= STEADY_S:
                retry_s = FIRST_RETRY_S
            with self._changed:
                if not goes_on:
                    return
                self._changed.wait_for(lambda: self._is_over or self._is_paused, retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    def _wait_while_paused(self) -> bool:
        """Return whether to open the capture, when that is not paused."""
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
        """Keep a frame as the newest; say whether to go on."""
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
        else:  # the first is not handed over yet
            self._index = 0

    def _frame_time_s(self, wall_s: float) -> float:
        """Return the time of the frame that came at a time by the wall clock.

        Packets arrive in bursts, so the stream's own time stamps are the better clock, as long as
        they stay near the wall clock: a camera may set its clock, or start it anew.
        """
        clock_s: float | None = getattr(self._capture, "clock_s", None)
        if clock_s is None:
            return wall_s
        if (
            self._clock_offset_s is None
            or abs(clock_s + self._clock_offset_s - wall_s) > _LARGEST_DRIFT_S
        ):
            self._clock_offset_s = wall_s - clock_s
        time_s = clock_s + self._clock_offset_s
        return time_s if self._index == 0 else max(self._time_s + _LEAST_STEP_S, time_s)

    def _lose(self, error: FerEdgeError) -> bool:
        """Note that the capture is gone; say whether to open it again."""
        with self._changed:
            self._is_tried = True
            waits = self._on_loss == "wait" or (self._on_loss is None and self._count > 0)
            waits = waits or self._is_paused  # a read that fails while paused is not a loss
            if not self._is_over and not waits:
                self._error = error
                self._is_over = True
            elif not self._is_over and not self._is_paused:
                self._tell_loss(error)
            self._changed.notify_all()
            return not self._is_over

    def _tell_loss(self, error: FerEdgeError) -> None:
        """Tell a loss once, and then ever more rarely that it lasts."""
        now_s = time.monotonic()
        if self._lost_s is None:
            self._lost_s, self._remind_s = now_s, REMIND_S
            self._news.append(f"{error}; trying again until it is back")
        elif now_s - self._lost_s >= self._remind_s:
            self._remind_s += min(5 * self._remind_s, _DAY_S)
            hours = (now_s - self._lost_s) / 3600
            self._news.append(f"still lost after {hours:.1f} h: {error}")
