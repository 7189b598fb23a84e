"""What was read in one frame, and what each step of it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from fer_edge.faces import Box

from .frame import Frame

UNCERTAIN = "uncertain"
"""The label of a face on which no expression is likely enough; no model's own label."""

Stage = Literal["detect", "track", "crop", "classify", "smooth"]


@dataclass(frozen=True, slots=True)
class Face:
    """The expression of one face in one frame.

    Attributes:
        box: The face's bounding box in frame pixels, as the detector or the tracker gave it.
        detection: The detector's score, 0 to 1; of the last detection where the face was tracked.
        labels: The model's expressions in output order.
        probabilities: One per label, summing to about 1; smoothed over time where the face is
            followed; all equal where its turn to be read has not come yet.
        steady: The label after hysteresis, or `UNCERTAIN`. Where each frame is for itself, None or
            `UNCERTAIN`.
        track: Number of the followed face, from 1, never used twice in a run; None where faces are
            not followed.
    """

    box: Box
    detection: float
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    steady: str | None = None
    track: int | None = None

    @property
    def label(self) -> str:
        """The steady label; where there is none, the most probable expression."""
        return self.steady or self.labels[int(np.argmax(self.probabilities))]

    @property
    def probability(self) -> float:
        """The probability of `label`; of the most probable expression for `UNCERTAIN`."""
        if self.steady in self.labels:
            return self.probabilities[self.labels.index(self.steady)]
        return max(self.probabilities)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Wall time of each stage of one frame, in milliseconds; 0 where a stage did not run."""

    detect_ms: float = 0.0
    track_ms: float = 0.0
    crop_ms: float = 0.0
    classify_ms: float = 0.0
    smooth_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """All stages together: from a decoded frame to its faces."""
        return self.detect_ms + self.track_ms + self.crop_ms + self.classify_ms + self.smooth_ms


@dataclass(frozen=True, slots=True)
class Result:
    """What was read in one frame.

    Attributes:
        frame: The frame.
        faces: The faces, the largest first.
        times: What it took.
        dropped: Frames that the source has dropped since it was opened.
    """

    frame: Frame
    faces: tuple[Face, ...]
    times: StageTimes = StageTimes()
    dropped: int = 0


class FrameReader(Protocol):
    """Reads frames in order; one that follows faces keeps what it knows from frame to frame."""

    def read_frame(self, frame: Frame) -> Result:
        """Read every face in a frame."""
        ...


class Stopwatch:
    """Adds up the stages of one frame."""

    def __init__(self) -> None:
        self._ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Count the wall time of the block as the stage's."""
        started = time.perf_counter()
        try:
            yield
        finally:
            elapsed_ms = 1e3 * (time.perf_counter() - started)
            self._ms[name] = self._ms.get(name, 0.0) + elapsed_ms

    def times(self) -> StageTimes:
        """Return what was counted."""
        return StageTimes(**{f"{name}_ms": ms for name, ms in self._ms.items()})
