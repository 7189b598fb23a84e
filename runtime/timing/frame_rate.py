"""Current frame rate of a run."""

from collections import deque
from collections.abc import Sequence

WINDOW_S = 5.0
WINDOW_FRAMES = 128
LONGEST_WAIT_S = 1.0
STOP_S = 2.0
"""A longer gap that is also four times as long as the previous one is a stop."""
SETTLE_S = 5.0
"""Time after a start or a stop in which waiting frames arrive faster than their rate."""


class FrameRate:
    """The rate over the last 5 seconds, with 2 to 128 frames.

    Frames before a stop are forgotten: a lost camera, a stopped process.
    """

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._steady_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._is_filled = False
        self._begin_s: float | None = None
        self._gap_s = 0.0

    def count(self, now_s: float) -> None:
        """Count a frame at `now_s`, on a monotonic clock."""
        gap_s = now_s - self._times_s[-1] if self._times_s else 0.0
        if self._begin_s is None or self._is_stop(gap_s):
            self._times_s.clear()
            self._steady_s.clear()
            self._begin_s, self._is_filled = now_s, False
        self._gap_s = gap_s
        self._add(self._times_s, now_s)
        if now_s - self._begin_s >= SETTLE_S:
            self._is_filled |= self._add(self._steady_s, now_s)

    def hz(self, now_s: float) -> float:
        """Return the frames per second of the last 5 seconds, for display.

        It is 0 until two frames were counted. A stalled source is visible after one second, since
        the gap counts as well, and its rate is 0 after 5 seconds, or after four intervals if those
        are longer.
        """
        if self._times_s and now_s - self._times_s[-1] > max(WINDOW_S, 4 * self._gap_s):
            return 0.0
        return _hz(_recent(self._times_s, now_s), now_s)

    def steady_hz(self, now_s: float) -> float | None:
        """Return frames per second for recording.

        None until a whole window is stable, and from a stop on.
        """
        if not self._is_filled or self._is_stop(now_s - self._times_s[-1]):
            return None
        return _hz(self._steady_s, now_s)

    def _is_stop(self, gap_s: float) -> bool:
        return gap_s > max(STOP_S, 4 * self._gap_s)

    def _add(self, times_s: deque[float], now_s: float) -> bool:
        """Add a frame to a window; return whether that removes an older one."""
        is_full = len(times_s) == WINDOW_FRAMES
        times_s.append(now_s)
        while len(times_s) > 2 and now_s - times_s[0] > WINDOW_S:
            times_s.popleft()
            is_full = True
        return is_full


def _recent(times_s: Sequence[float], now_s: float) -> Sequence[float]:
    """Return the times of the last 5 seconds, and at least two."""
    old = sum(now_s - time_s > WINDOW_S for time_s in times_s)
    return list(times_s)[min(old, len(times_s) - 2) :] if len(times_s) > 2 else times_s


def _hz(times_s: Sequence[float], now_s: float) -> float:
    if not times_s:
        return 0.0
    first_s, last_s = times_s[0], times_s[-1]
    passed_s = (now_s if now_s - last_s > LONGEST_WAIT_S else last_s) - first_s
    return (len(times_s) - 1) / passed_s if passed_s > 0 else 0.0
