"""Duration that each frame of a video represents: the time until the next one."""

from collections.abc import Callable
from typing import Protocol

LONGEST_LIVE_FRAME_S = 1.0
"""A longer interval of a live source is a gap, whose content is unknown."""


class Paced(Protocol):
    """The attributes of a source that the durations depend on; `length_s` is optional."""

    @property
    def is_live(self) -> bool:
        """Whether frames arrive in real time."""
        ...

    @property
    def frame_rate_hz(self) -> float:
        """Frame rate of a video."""
        ...


class FrameSeconds:
    """Converts frame times to durations.

    A frame's duration is known when the next frame arrives. A gap of a live source counts as one
    second, or as twice the usual frame interval if that is longer.
    """

    def __init__(
        self,
        usual_s: float,
        *,
        is_live: bool = False,
        length_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        """Start before the first frame.

        Args:
            usual_s: Usual frame interval, which is the duration of the last frame.
            is_live: Whether the source is live.
            length_s: Returns the length of the video, if known: the last frame does not outlast
                it. Called after the last frame, when it is known best.
        """
        self._usual_s = usual_s
        self._longest_s = max(LONGEST_LIVE_FRAME_S, 2 * usual_s) if is_live else float("inf")
        self._length_s = length_s
        self._last_s: float | None = None

    @classmethod
    def of(cls, source: Paced) -> "FrameSeconds":
        """Start before the first frame of a source."""
        rate_hz = source.frame_rate_hz
        return cls(
            1 / rate_hz if rate_hz > 0 else 0.0,
            is_live=source.is_live,
            length_s=lambda: getattr(source, "length_s", None),
        )

    def next(self, time_s: float) -> float:
        """Note the time of a frame; return the duration of the frame before, 0 at the first."""
        since_s = 0.0 if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        return min(max(since_s, 0.0), self._longest_s)

    def last(self) -> float:
        """Return the duration of the last frame, after which the source ended."""
        if self._last_s is None:
            return 0.0
        length_s = self._length_s()
        if length_s is None or length_s <= self._last_s:
            return self._usual_s
        return min(self._usual_s, length_s - self._last_s)
