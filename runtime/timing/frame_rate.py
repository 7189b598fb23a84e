"""How many frames a second a run reads just now."""

from collections import deque

WINDOW_S = 5.0
WINDOW_FRAMES = 128
LONGEST_WAIT_S = 1.0
STOP_S = 2.0
"""A longer silence, four times as long as the one before, is a stop."""
SETTLE_S = 5.0
"""So long after a start or a stop the frames that waited meanwhile come faster than their rate."""


class FrameRate:
    """The rate over the last 5 seconds, but no more than 128 frames and no less than two.

    What came before a stop is forgotten: a camera that was away, a process that was stopped.
    """

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._steady_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._is_filled = False
        self._begin_s: float | None = None
        self._gap_s = 0.0

    def count(self, now_s: float) -> None:
        """Count a frame that was read at `now_s`, on a clock that never goes back."""
        gap_s = now_s - self._times_s[-1] if self._times_s else 0.0
        if self._begin_s is None or gap_s > max(STOP_S, 4 * self._gap_s):
            self._times_s.clear()
            self._steady_s.clear()
            self._begin_s, self._is_filled = now_s, False
        self._gap_s = gap_s
        self._add(self._times_s, now_s)
        if now_s - self._begin_s >= SETTLE_S:
            self._is_filled |= self._add(self._steady_s, now_s)

    def hz(self, now_s: float) -> float:
        """Return frames per second, to be shown; 0 until two frames were counted.

        A source that stalls is seen a second later: its silence counts as well.
        """
        return _hz(self._times_s, now_s)

    def steady_hz(self, now_s: float) -> float | None:
        """Return frames per second, to be kept; None until a whole window of them is settled."""
        return _hz(self._steady_s, now_s) if self._is_filled else None

    def _add(self, times_s: deque[float], now_s: float) -> bool:
        """Add a frame to a window; return whether that pushes out an older one."""
        is_full = len(times_s) == WINDOW_FRAMES
        times_s.append(now_s)
        while len(times_s) > 2 and now_s - times_s[0] > WINDOW_S:
            times_s.popleft()
            is_full = True
        return is_full


def _hz(times_s: deque[float], now_s: float) -> float:
    if not times_s:
        return 0.0
    first_s, last_s = times_s[0], times_s[-1]
    passed_s = (now_s if now_s - last_s > LONGEST_WAIT_S else last_s) - first_s
    return (len(times_s) - 1) / passed_s if passed_s > 0 else 0.0
