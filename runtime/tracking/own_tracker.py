"""A caller's own tracker, with checked results."""

import math
import operator
from collections.abc import Iterable
from typing import Any

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box

from ..capture.frame import Frame
from ..timing.stopwatch import StageTimes
from .track import TimedTracker, Track, Tracker


class CheckedTracker:
    """A tracker with checked results; NumPy's numbers become Python's."""

    def __init__(self, tracker: Tracker) -> None:
        """Wrap a caller's tracker."""
        self._tracker = tracker

    def follow(self, frame: Frame) -> list[Track]:
        """Return the faces in the next frame.

        Raises:
            DetectorError: The tracker returned something other than tracks with different whole
                numbers from 1, finite boxes and scores from 0 to 1.
        """
        given: object = self._tracker.follow(frame)
        if not isinstance(given, Iterable):
            raise DetectorError(
                f"expected tracks from your tracker, got {type(given).__name__}; return a list, "
                "which is empty if there is no face"
            )
        tracks = [_checked(track) for track in given]
        numbers = [track.number for track in tracks]
        if len(set(numbers)) < len(numbers) or min(numbers, default=1) < 1:
            raise DetectorError(
                "expected different numbers from 1 for the faces of a frame from your tracker, "
                f"got {', '.join(map(str, numbers[:20]))}"
            )
        return tracks


class CheckedTimedTracker(CheckedTracker):
    """A `CheckedTracker` of a tracker that measures the time of its detector."""

    def __init__(self, tracker: TimedTracker) -> None:
        """Wrap a caller's tracker."""
        super().__init__(tracker)
        self._timed = tracker

    @property
    def times(self) -> StageTimes:
        """The stages `detect` and `track` of the last frame."""
        return self._timed.times


def as_tracker(given: Tracker) -> Tracker:
    """Return a caller's tracker with checked results.

    Raises:
        DetectorError: It is not an object with `follow`.
    """
    if isinstance(given, type) or not callable(getattr(given, "follow", None)):
        got = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
        raise DetectorError(f"expected a tracker, an object with follow(frame), got {got}")
    if isinstance(given, TimedTracker):
        return CheckedTimedTracker(given)
    return CheckedTracker(given)


def _checked(given: Any) -> Track:
    try:
        number = operator.index(given.number)
        edges, score = [float(edge) for edge in given.box.edges], float(given.score)
        is_detected = bool(given.is_detected)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise DetectorError(
            f"expected Track(number, box, ...) from your tracker, got {given!r:.80}"
        ) from error
    if not all(map(math.isfinite, edges)) or not 0 <= score <= 1:
        raise DetectorError(
            f"expected finite boxes and scores from 0 to 1 from your tracker, got {given!r:.120}"
        )
    return Track(number, Box(*edges), score, is_detected)
