"""Duration that each frame of a video represents."""

LONGEST_FRAME_S = 1.0
"""A longer interval is a gap, whose content is unknown."""


class FrameSeconds:
    """Converts frame times to durations: the time since the previous frame.

    A gap counts as one second, or as twice the usual frame interval if that is longer.
    """

    def __init__(self, usual_s: float) -> None:
        """Start before the first frame, which represents `usual_s`."""
        self._usual_s = usual_s
        self._last_s: float | None = None

    def next(self, time_s: float) -> float:
        """Return the number of seconds that a frame represents."""
        since_s = self._usual_s if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        return min(max(since_s, 0.0), max(LONGEST_FRAME_S, 2 * self._usual_s))
