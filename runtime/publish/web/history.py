"""History for the web page: expressions by second, rate and latency."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np

from ...recognition.result import Face, Result
from ...timing.frame_rate import FrameRate
from ...timing.stopwatch import StageTimes

_stages_of = attrgetter(*(field.name for field in fields(StageTimes)))
MAX_FACES = 8
"""Most faces per second, the largest first, to limit the memory for crowds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One face during one second.

    Attributes:
        face: See `face_numbers`.
        label: Its most frequent label.
        probability: The mean probability of that label in those frames.
    """

    face: int
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Second:
    """One second.

    Attributes:
        number: Number of the second since the start, from 0; seconds without frames are omitted.
        moments: One per face, unordered.
    """

    number: int
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Frame rate and latency.

    Attributes:
        rate_hz: Current frames per second.
        stages: Mean wall time of each stage per frame; the median of a stage that runs in every
            fifth frame would be 0.
        median_ms: Median latency of all stages together.
        p95_ms: 95th percentile of all stages together.
        frames: Number of frames in these latencies.
    """

    rate_hz: float
    stages: StageTimes
    median_ms: float
    p95_ms: float
    frames: int


def face_numbers(faces: Sequence[Face]) -> list[int]:
    """Return numbers of faces: the track, or without tracking -1, -2, ... by size."""
    return [
        face.track if face.track is not None else -rank for rank, face in enumerate(faces, start=1)
    ]


class History:
    """The last minutes, by the monotonic clock, in bounded memory."""

    def __init__(self, started_s: float, *, span_s: int = 300, window_frames: int = 128) -> None:
        self.span_s = span_s
        self._started_s = started_s
        self._seconds: deque[Second] = deque(maxlen=span_s)
        self._current = 0
        self._counts: dict[int, Counter[str]] = {}
        self._sums: dict[int, dict[str, float]] = {}
        self._rate = FrameRate()
        self._times: deque[StageTimes] = deque(maxlen=window_frames)

    def add(self, result: Result, now_s: float) -> None:
        """Add a frame, at a time of the monotonic clock."""
        second = int(now_s - self._started_s)
        if second != self._current:
            self._end_second()
            self._current = second
        self._rate.count(now_s)
        self._times.append(result.times)
        faces = result.faces[:MAX_FACES]
        for number, face in zip(face_numbers(faces), faces, strict=True):
            if number not in self._counts and len(self._counts) == MAX_FACES:
                continue
            self._counts.setdefault(number, Counter())[face.label] += 1
            sums = self._sums.setdefault(number, {})
            sums[face.label] = sums.get(face.label, 0.0) + face.probability

    def since(self, number: int) -> list[Second]:
        """Return the completed seconds from a number on, the oldest first."""
        return [second for second in self._seconds if second.number >= number]

    def second(self, now_s: float) -> int:
        """Return the number of the current second."""
        return int(now_s - self._started_s)

    def throughput(self, now_s: float) -> Throughput:
        """Return rate and latency over the last frames."""
        if not self._times:
            return Throughput(0.0, StageTimes(), 0.0, 0.0, 0)
        table = np.array([_stages_of(times) for times in self._times])
        median_ms, p95_ms = np.percentile(table.sum(axis=1), (50, 95))
        stages = StageTimes(*map(float, table.mean(axis=0)))
        rate_hz = self._rate.hz(now_s)
        return Throughput(rate_hz, stages, float(median_ms), float(p95_ms), len(self._times))

    def _end_second(self) -> None:
        moments = []
        for face, counts in self._counts.items():
            label, count = counts.most_common(1)[0]
            moments.append(Moment(face, label, self._sums[face][label] / count))
        if self._times:
            self._seconds.append(Second(self._current, tuple(moments)))
        self._counts, self._sums = {}, {}
