"""Measurements of a run: frame rate, latency, dropped frames, temperature."""

import threading
from collections import deque
from statistics import median
from typing import Any

from ...device.thermals import cpu_temperature_celsius
from ...recognition.result import Result
from ...timing.frame_rate import FrameRate

_WINDOW_FRAMES = 128


class Measures:
    """Measurements of the last frames; updated by one thread, read by another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rate = FrameRate()
        self._latencies_ms: deque[float] = deque(maxlen=_WINDOW_FRAMES)
        self._dropped = 0

    def count(self, result: Result, now_s: float) -> None:
        """Count a frame, at a time of the monotonic clock."""
        with self._lock:
            self._rate.count(now_s)
            self._latencies_ms.append(result.times.total_ms)
            self._dropped = result.dropped

    def as_device(self, now_s: float) -> dict[str, Any]:
        """Return them as plain data for JSON.

        Rate and median latency are null until they are stable: values right after a start or a stop
        are not typical. The temperature is null if the kernel does not report it.
        """
        with self._lock:
            rate_hz = self._rate.steady_hz(now_s)
            latency_ms = None if rate_hz is None else round(median(self._latencies_ms), 2)
            dropped = self._dropped
        return {
            "frame_rate_hz": None if rate_hz is None else round(rate_hz, 1),
            "latency_ms": latency_ms,
            "temperature_celsius": cpu_temperature_celsius(),
            "dropped": dropped,
        }
