"""Percentiles of latencies over months, in a few kilobytes."""

import math

_LOWEST_MS, _HIGHEST_MS = 1e-3, 1e5
_STEP = 1.01


class LatencyHistogram:
    """Counts latencies in bins 1% wide, from a microsecond to 100 seconds.

    Percentiles are accurate to 0.5%, whatever the number of latencies.

    Attributes:
        count: Number of latencies.
        max_ms: Largest latency, exact; 0 without latencies.
    """

    def __init__(self) -> None:
        self._counts = [0] * (_bin(_HIGHEST_MS) + 1)
        self.count = 0
        self.max_ms = 0.0

    def add(self, latency_ms: float) -> None:
        """Count a latency in milliseconds; values beyond the range count as its ends."""
        self._counts[_bin(latency_ms)] += 1
        self.count += 1
        self.max_ms = max(self.max_ms, latency_ms)

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that `percent` of them do not exceed; NaN without latencies."""
        wanted, seen = max(1, math.ceil(percent / 100 * self.count)), 0
        for number, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                middle_ms = _LOWEST_MS * math.pow(_STEP, number + 0.5)  # by ratio
                return min(middle_ms, self.max_ms)
        return math.nan


def _bin(latency_ms: float) -> int:
    inside = min(max(latency_ms, _LOWEST_MS), _HIGHEST_MS)
    return int(math.log(inside / _LOWEST_MS) / math.log(_STEP))
