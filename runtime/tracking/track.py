"""A face that is followed from frame to frame."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fer_edge.faces.preprocess import Box

from ..capture.frame import Frame
from ..timing.stopwatch import StageTimes


@dataclass(frozen=True, slots=True)
class Track:
    """A followed face in one frame.

    Attributes:
        number: From 1, never used twice by one tracker.
        box: Its bounding box in frame pixels, framed as YuNet does.
        score: The detector's when it last found this face, 0 to 1.
        is_detected: Whether the detector found it in this very frame.
    """

    number: int
    box: Box
    score: float = 1.0
    is_detected: bool = True


class Tracker(Protocol):
    """Finds faces and keeps them apart over time."""

    def follow(self, frame: Frame) -> list[Track]:
        """Return the faces in the next frame, in any order."""
        ...


@runtime_checkable
class TimedTracker(Tracker, Protocol):
    """A tracker that knows how much of its time the detector took."""

    @property
    def times(self) -> StageTimes:
        """The stages `detect` and `track` of the last frame."""
        ...
