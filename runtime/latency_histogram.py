"""Latencies counted in bins, so that months of them need no more memory than one minute."""

import math

_LEAST_MS = 0.01
_MOST_MS = 100_000.0
_RATIO = 1.05


class LatencyHistogram:
    """Counts latencies; percentiles are right within 2.5 %.

    Bins grow by 5 % from 0.01 ms to 100 s (331 of them); what lies beyond is counted in the last
    bin on that side. The largest latency is kept as it was.
    """

    def __init__(self) -> None:
        self._counts = [0] * (_bin(_MOST_MS) + 1)
        self.count = 0
        self.max_ms = 0.0

    def add(self, latency_ms: float) -> None:
        """Count one."""
        self._counts[_bin(latency_ms)] += 1
        self.count += 1
        self.max_ms = max(self.max_ms, latency_ms)

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that `percent` of those counted do not exceed; 0 where none was."""
        wanted, seen = percent / 100 * self.count, 0
        for number, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_LEAST_MS * math.pow(_RATIO, number + 0.5), self.max_ms)
        return self.max_ms


def _bin(latency_ms: float) -> int:
    clipped = min(max(latency_ms, _LEAST_MS), _MOST_MS)
    return int(math.log(clipped / _LEAST_MS) / math.log(_RATIO))
