"""For how long each frame of a moving picture stands."""

LONGEST_FRAME_S = 1.0
"""A longer gap is one: nobody knows what was there."""


class FrameSeconds:
    """Turns the times of frames into how long each stands: since the one before.

    A gap counts as a second, or as twice the usual time between two frames where that is more.
    """

    def __init__(self, usual_s: float) -> None:
        """Create it before the first frame, which stands for `usual_s`."""
        self._usual_s = usual_s
        self._last_s: float | None = None

    def next(self, time_s: float) -> float:
        """Return for how many seconds the frame at a time stands."""
        since_s = self._usual_s if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        return min(max(since_s, 0.0), max(LONGEST_FRAME_S, 2 * self._usual_s))
