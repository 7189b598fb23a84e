"""Counters of a run since its start, for occasional queries."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from ...recognition.result import Result
from ...timing.frame_seconds import FrameSeconds
from ...timing.stopwatch import STAGES

BUCKETS_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)
"""Upper bounds of the latency histogram."""
NOBODY = "none"

_stages_of = attrgetter(*(f"{stage}_ms" for stage in STAGES))


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters.

    Attributes:
        frames: Number of processed frames.
        dropped: Number of frames dropped by a live source.
        faces: Number of faces in the newest frame.
        expression_s: Seconds during which the largest face had each label, up to the newest frame;
            `none` without a face.
        stage_ms: Time spent in each stage, in the order of `STAGES`.
        latency_counts: Number of frames in each of `BUCKETS_MS`, and in a last, unbounded one.
        last_frame_s: Time of the newest frame, in seconds since 1970; 0 before it.
    """

    frames: int
    dropped: int
    faces: int
    expression_s: dict[str, float]
    stage_ms: tuple[float, ...]
    latency_counts: tuple[int, ...]
    last_frame_s: float


class RunTotals:
    """Counts frames in one thread, and is queried in another."""

    def __init__(self, seconds: FrameSeconds) -> None:
        self._lock = threading.Lock()
        self._seconds = seconds
        self._label: str | None = None
        self._frames = self._dropped = self._faces = 0
        self._expression_s: dict[str, float] = {}
        self._stage_ms = [0.0] * len(STAGES)
        self._latency_counts = [0] * (len(BUCKETS_MS) + 1)
        self._last_frame_s = 0.0

    def add(self, result: Result) -> None:
        """Count a frame."""
        stages_ms: Sequence[float] = _stages_of(result.times)
        total_ms = sum(stages_ms)
        label = result.faces[0].label if result.faces else NOBODY
        with self._lock:
            before_s = self._seconds.next(result.frame.time_s)
            if self._label is not None:
                self._expression_s[self._label] += before_s
            self._label = label
            self._expression_s.setdefault(label, 0.0)
            self._frames += 1
            self._dropped, self._faces = result.dropped, len(result.faces)
            self._stage_ms = [a + b for a, b in zip(self._stage_ms, stages_ms, strict=True)]
            bucket = next((n for n, most in enumerate(BUCKETS_MS) if total_ms <= most), -1)
            self._latency_counts[bucket] += 1
            self._last_frame_s = time.time()

    def read(self) -> Totals:
        """Return the current counters."""
        with self._lock:
            return Totals(
                frames=self._frames,
                dropped=self._dropped,
                faces=self._faces,
                expression_s=dict(self._expression_s),
                stage_ms=tuple(self._stage_ms),
                latency_counts=tuple(self._latency_counts),
                last_frame_s=self._last_frame_s,
            )
