"""How many frames a second a run reads just now."""

from collections import deque

WINDOW_S = 5.0
WINDOW_FRAMES = 128


class FrameRate:
    """The rate over the last frames: at most 5 seconds of them, at most 128."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=WINDOW_FRAMES)

    def count(self, now_s: float) -> None:
        """Count a frame that was read at `now_s`, on a clock that never goes back."""
        self._times_s.append(now_s)
        while now_s - self._times_s[0] > WINDOW_S:
            self._times_s.popleft()

    @property
    def hz(self) -> float:
        """Frames per second; 0 until two frames stand within the window."""
        if len(self._times_s) < 2 or self._times_s[-1] == self._times_s[0]:
            return 0.0
        return (len(self._times_s) - 1) / (self._times_s[-1] - self._times_s[0])
