"""A tracked face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fer_edge.faces.preprocess import Box

from ..capture.frame import Frame
from ..timing.stopwatch import StageTimes


@dataclass(frozen=True, slots=True)
class Track:
    """A tracked face in one frame.

    Attributes:
        number: Number from 1, never reused by a tracker.
        box: Bounding box in frame pixels, in YuNet's framing.
        score: Score of its last detection, 0 to 1.
        is_detected: Whether it was detected in this frame.
    """

    number: int
    box: Box
    score: float = 1.0
    is_detected: bool = True


class Tracker(Protocol):
    """Finds faces and tracks them over time."""

    def follow(self, frame: Frame) -> list[Track]:
        """Return the faces in the next frame, in any order."""
        ...


@runtime_checkable
class TimedTracker(Tracker, Protocol):
    """A tracker that measures the time of the detector."""

    @property
    def times(self) -> StageTimes:
        """The stages `detect` and `track` of the last frame."""
        ...


@runtime_checkable
class SelectingTracker(Tracker, Protocol):
    """A tracker that does not return all faces that it found."""

    @property
    def ignored(self) -> Sequence[Box]:
        """Boxes of the other faces in pixels of the frame, at their last known places."""
        ...
