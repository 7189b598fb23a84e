"""Time of each stage of a frame."""

import time
from dataclasses import dataclass, fields
from typing import Literal

Stage = Literal["detect", "track", "crop", "classify", "smooth"]


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Wall time of each stage of a frame, in milliseconds; 0 if a stage did not run."""

    detect_ms: float = 0.0
    track_ms: float = 0.0
    crop_ms: float = 0.0
    classify_ms: float = 0.0
    smooth_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """All stages together: from a decoded frame to its faces."""
        return self.detect_ms + self.track_ms + self.crop_ms + self.classify_ms + self.smooth_ms


STAGES = tuple(field.name.removesuffix("_ms") for field in fields(StageTimes))
"""The stages of a frame in order: detect, track, crop, classify, smooth."""


class _Stage:
    """A running stage; a generator as context manager would take ten times as long."""

    __slots__ = ("_name", "_started_s", "_watch")

    def __init__(self, watch: "Stopwatch", name: Stage) -> None:
        self._watch, self._name = watch, name

    def __enter__(self) -> None:
        self._started_s = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self._watch.add(self._name, 1e3 * (time.perf_counter() - self._started_s))


class Stopwatch:
    """Adds up the stages of a frame."""

    def __init__(self) -> None:
        self._ms: dict[str, float] = {}

    def stage(self, name: Stage) -> "_Stage":
        """Add the wall time of the block to a stage."""
        return _Stage(self, name)

    def add(self, name: Stage, elapsed_ms: float) -> None:
        """Add wall time that was measured elsewhere, in milliseconds."""
        self._ms[name] = self._ms.get(name, 0.0) + elapsed_ms

    def times(self) -> StageTimes:
        """Return the times."""
        return StageTimes(**{f"{name}_ms": ms for name, ms in self._ms.items()})
