"""Percentiles of latencies over months, in a few kilobytes."""

import math

import numpy as np

_LOWEST_MS, _HIGHEST_MS = 1e-3, 1e5
_STEP = 1.01
_BINS = math.ceil(math.log(_HIGHEST_MS / _LOWEST_MS) / math.log(_STEP)) + 1


class LatencyHistogram:
    """Counts latencies in bins 1 % wide, from a microsecond to 100 seconds.

    A percentile is right to within 0.5 %, however many latencies were added.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)

    @property
    def n(self) -> int:
        """How many were added."""
        return int(self._counts.sum())

    def add(self, latency_ms: float) -> None:
        """Count one, in milliseconds; beyond the ends, as the end."""
        inside = min(max(latency_ms, _LOWEST_MS), _HIGHEST_MS)
        self._counts[int(math.log(inside / _LOWEST_MS) / math.log(_STEP))] += 1

    def percentile(self, percent: float) -> float:
        """Return a percentile in milliseconds; NaN where nothing was added."""
        if not self.n:
            return math.nan
        rank = math.ceil(percent / 100 * self.n)
        place = int(np.searchsorted(self._counts.cumsum(), max(rank, 1)))
        return float(_LOWEST_MS * _STEP ** (place + 0.5))  # the bin's middle, by ratio
