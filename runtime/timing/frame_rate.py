"""How many frames a second a run reads just now."""

from collections import deque

WINDOW_S = 5.0
WINDOW_FRAMES = 128
LONGEST_WAIT_S = 1.0


class FrameRate:
    """The rate over the last 5 seconds, but no more than 128 frames and no less than two."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=WINDOW_FRAMES)

    def count(self, now_s: float) -> None:
        """Count a frame that was read at `now_s`, on a clock that never goes back."""
        self._times_s.append(now_s)
        while len(self._times_s) > 2 and now_s - self._times_s[0] > WINDOW_S:
            self._times_s.popleft()

    def hz(self, now_s: float) -> float:
        """Return frames per second; 0 until two frames were counted.

        A source that stalls is seen a second later: its silence counts as well.
        """
        if not self._times_s:
            return 0.0
        first_s, last_s = self._times_s[0], self._times_s[-1]
        passed_s = (now_s if now_s - last_s > LONGEST_WAIT_S else last_s) - first_s
        return (len(self._times_s) - 1) / passed_s if passed_s > 0 else 0.0
