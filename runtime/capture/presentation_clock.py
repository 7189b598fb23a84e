"""The times of a video's frames, from its time stamps."""

_LONGEST_GAP_S = 10.0
"""A longer gap in a broadcast format is a joint of two recordings; same limit as in FFmpeg."""


_JITTER_S = 0.25
"""A single time stamp that is less than this earlier than the last one is inexact; others are a
joint."""


class PresentationClock:
    """Converts time stamps to seconds that start at 0 and never decrease.

    A recording may start at any time stamp; a raw H.264 file has none; and at the joint of two
    recordings the stamps start again, which would make the time jump back.
    """

    def __init__(
        self, rate_hz: float, *, is_broadcast: bool = False, origin_s: float | None = None
    ) -> None:
        """Create a clock before the first frame.

        Args:
            rate_hz: Frame rate, for frames without a time stamp and across a joint.
            is_broadcast: Whether time stamps may leap forward, as in MPEG-TS.
            origin_s: Time stamp of the video's first frame, if reading starts at a later frame;
                None uses that of the first frame read.
        """
        self._step_s = 1 / rate_hz
        self._longest_gap_s = _LONGEST_GAP_S if is_broadcast else float("inf")
        self._base_s = 0.0
        self._unstamped = 0
        self._offset_s = None if origin_s is None else -origin_s
        self._last_s: float | None = None
        self._is_early = False

    def time_s(self, stamp_s: float | None) -> float:
        """Return the time of the next frame.

        Args:
            stamp_s: Its time stamp in seconds; None if it has none.
        """
        if stamp_s is None:
            time_s = self._without_stamp()
        else:
            time_s = self._with_stamp(stamp_s)
            self._base_s, self._unstamped = time_s, 0
        self._last_s = time_s
        return time_s

    def _without_stamp(self) -> float:
        if self._last_s is not None:
            self._unstamped += 1
        return self._base_s + self._unstamped * self._step_s

    def _with_stamp(self, stamp_s: float) -> float:
        if self._last_s is None and self._offset_s is not None:
            return max(0.0, stamp_s + self._offset_s)
        if self._last_s is None or self._offset_s is None:
            next_s = 0.0 if self._last_s is None else self._last_s + self._step_s
            self._offset_s = next_s - stamp_s
            return next_s
        time_s = stamp_s + self._offset_s
        if self._last_s <= time_s <= self._last_s + self._longest_gap_s:
            self._is_early = False
            return time_s
        is_early = self._last_s - _JITTER_S <= time_s < self._last_s
        if is_early and not self._is_early:  # an inexact time stamp, of this frame or the last one
            self._is_early = True
            return self._last_s
        # a second one in a row is a joint, which the first one was already
        steps = 2 if self._is_early else 1
        self._is_early = False
        self._offset_s = self._last_s + steps * self._step_s - stamp_s
        return self._last_s + steps * self._step_s
