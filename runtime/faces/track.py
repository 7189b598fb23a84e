"""A face that is followed from frame to frame."""

from dataclasses import dataclass
from typing import Protocol

from fer_edge.faces import Box

from ..frame import Frame
from ..result import Stopwatch


@dataclass(frozen=True, slots=True)
class Track:
    """A followed face in one frame.

    Attributes:
        number: From 1, never used twice by one tracker.
        box: Its bounding box in frame pixels, framed as YuNet does.
        detection: The detector's score when it last found this face, 0 to 1.
        is_detected: Whether the detector found it in this very frame.
    """

    number: int
    box: Box
    detection: float
    is_detected: bool


class Tracker(Protocol):
    """Finds faces and keeps them apart over time."""

    def follow(self, frame: Frame, watch: Stopwatch) -> list[Track]:
        """Return the faces in the next frame, the largest first.

        The time spent is counted as the stages `detect` and `track`.
        """
        ...
