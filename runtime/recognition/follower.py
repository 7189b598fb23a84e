"""Recognition in videos: tracked faces, classified at their own rate, with steady labels."""

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.placement import Placement
from fer_edge.inference.model import TFLiteModel
from fer_edge.ranges import check_range

from ..capture.frame import Frame
from ..timing.stopwatch import Stopwatch
from ..tracking.track import SelectingTracker, TimedTracker, Track, Tracker
from .classifier import Classifier, Reading
from .reader import ModelReader
from .result import UNCERTAIN, Face, Probabilities, Result
from .smoothing import STEADY, Steadiness, smoothed, steady_label, unknown

if TYPE_CHECKING:
    from fer_edge.aligner.aligner import Aligner

    from .comparer import Comparer

FORGET_AFTER_S = 2.0
"""Time after which an unseen track is forgotten: trackers never reuse a number."""

_CLOCK_S = 1e-3
"""Tolerance: three frames at 30 Hz are 0.0999 or 0.1001 s by the clock; both count as 0.1 s."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a face is classified; in between, its last probabilities are kept.

    Attributes:
        every_s: Interval between classifications of a face; 0 is every frame.
        per_frame: Most faces classified in one frame, those that waited longest first; None is all.
    """

    every_s: float = 0.0
    per_frame: int | None = None

    def __post_init__(self) -> None:
        check_range("every_s", self.every_s, 0, 3600)
        check_range("per_frame", self.per_frame, 1, is_whole=True, is_optional=True)


FILE_PACE = Pace()
"""Every face in every frame, since files can wait."""

LIVE_PACE = Pace(every_s=0.1, per_frame=4)
"""Ten times per second, twice in the default time constant of smoothing, and four faces per frame:
ten faces at 30 frames per second need 100 inferences per second instead of 300."""


@dataclass(frozen=True, slots=True)
class _State:
    """State of one track.

    Attributes:
        seen_s: Time of the last frame with it.
        probabilities: float32, (classes,), smoothed.
        label: Steady label.
        read_s: Time of its last classification; None if it has not been classified yet.
        smoothed_s: Time of the last one whose probabilities are in the smoothed ones; None if there
            is none, since no output was finite.
        placement: How its face lies in its box, as far as is known.
        is_aligned: Whether that was found since the last detection: optical flow moves a box with
            its face, but a detection gives it a new one.
    """

    seen_s: float
    probabilities: NDArray[np.float32]
    label: str
    read_s: float | None = None
    smoothed_s: float | None = None
    placement: Placement = field(default_factory=Placement)
    is_aligned: bool = False


class Follower(ModelReader):
    """A tracker and a model for the frames of a video, in order.

    A context manager; close it when done.
    """

    def __init__(
        self,
        model: TFLiteModel,
        tracker: Tracker,
        *,
        aligner: "Aligner | None" = None,
        steadiness: Steadiness = STEADY,
        pace: Pace = FILE_PACE,
        boxes_are_crops: bool = False,
        comparer: "Comparer | None" = None,
    ) -> None:
        """Store both.

        Args:
            model: Open model; closed with the follower.
            tracker: Tracker that finds and tracks the faces.
            aligner: Aligner of the faces in their boxes; None cuts the boxes as they are.
            steadiness: Smoothing, hysteresis, and the threshold for `uncertain`.
            pace: How often a face is classified.
            boxes_are_crops: Whether frames are face crops already.
            comparer: Comparison with another model on a sample of the crops; closed with the
                follower.
        """
        super().__init__(
            Classifier(model, aligner=aligner, boxes_are_crops=boxes_are_crops, comparer=comparer)
        )
        self._tracker = tracker
        # checked once: isinstance of a protocol takes tens of microseconds
        self._timed = tracker if isinstance(tracker, TimedTracker) else None
        self._selecting = tracker if isinstance(tracker, SelectingTracker) else None
        self._steadiness = steadiness
        self._pace = pace
        self._states: dict[int, _State] = {}

    def read_frame(self, frame: Frame) -> Result:
        """Recognize the faces in the next frame.

        Every tracked face gets a result, so that outputs that cover faces cover all of them. A face
        that has not been classified yet is `uncertain`, with equal probabilities.

        Raises:
            SourceError: It is not a frame, or its image is not an image.
            ModelError: The follower is closed.
        """
        frame = self._checked(frame)
        watch = Stopwatch()
        tracks = self._follow(frame, watch)
        for track in tracks:
            self._see(track, frame.time_s)
        for track in self._due(tracks, frame.time_s):
            reading = self._read(frame, track, watch)
            with watch.stage("smooth"):
                self._update(track.number, reading, frame.time_s)
        self._forget(frame.time_s)
        faces = tuple(self._face(frame, track) for track in tracks)
        ignored = () if self._selecting is None else self._selecting.ignored
        return Result(frame, faces, watch.times(), ignored=tuple(ignored))

    def replace_model(self, model: TFLiteModel) -> None:
        """Use another model from now on; see `ModelReader.replace_model`."""
        labels = self.model.labels
        super().replace_model(model)
        if model.labels != labels:
            self._states.clear()

    def _follow(self, frame: Frame, watch: Stopwatch) -> list[Track]:
        """Return the tracks, the largest first; an untimed tracker's time counts as `track`."""
        started = time.perf_counter()
        tracks = self._tracker.follow(frame)
        if self._timed is not None:
            times = self._timed.times
            watch.add("detect", times.detect_ms)
            watch.add("track", times.track_ms)
        else:
            watch.add("track", 1e3 * (time.perf_counter() - started))
        return sorted(tracks, key=lambda track: track.box.area, reverse=True)

    def _see(self, track: Track, now_s: float) -> None:
        state = self._states.get(track.number)
        if state is None:
            nothing = unknown(len(self.model.labels))
            self._states[track.number] = _State(now_s, nothing, UNCERTAIN)
        else:
            is_aligned = state.is_aligned and not track.is_detected
            self._states[track.number] = replace(state, seen_s=now_s, is_aligned=is_aligned)

    def _due(self, tracks: list[Track], now_s: float) -> list[Track]:
        """Select the faces to classify now: new ones first, then by waiting time."""

        def waited_s(track: Track) -> float:
            read_s = self._states[track.number].read_s
            # a clock that went back has no information about waiting time
            return float("inf") if read_s is None or now_s < read_s else now_s - read_s

        due = [track for track in tracks if waited_s(track) + _CLOCK_S >= self._pace.every_s]
        due.sort(key=waited_s, reverse=True)  # stable sort: of equals, the largest face stays first
        return due[: self._pace.per_frame]

    def _read(self, frame: Frame, track: Track, watch: Stopwatch) -> Reading:
        """Classify one face: from the gray image, if there is one and no model needs colors."""
        state = self._states[track.number]
        placement = state.placement if state.is_aligned else None
        gray = frame.ready_gray if self._classifier.reads_gray else None
        if gray is None:
            return self._classifier.read(frame.image, track.box, watch, placement=placement)
        return self._classifier.read(
            gray.pixels, track.box, watch, gray.levels, placement=placement
        )

    def _update(self, number: int, reading: Reading, now_s: float) -> None:
        """Add a reading to the state of a track; without probabilities its label stays."""
        state = replace(
            self._states[number], read_s=now_s, placement=reading.placement, is_aligned=True
        )
        probabilities, last = reading.probabilities, None
        if probabilities is not None:
            if state.smoothed_s is not None:
                elapsed_s = now_s - state.smoothed_s
                probabilities = smoothed(
                    state.probabilities, probabilities, elapsed_s, self._steadiness.smooth_s
                )
                last = state.label
            label = steady_label(probabilities, self.model.labels, self._steadiness, last)
            state = replace(state, probabilities=probabilities, label=label, smoothed_s=now_s)
        self._states[number] = state

    def _forget(self, now_s: float) -> None:
        over = [n for n, s in self._states.items() if abs(now_s - s.seen_s) > FORGET_AFTER_S]
        for number in over:
            del self._states[number]

    def _face(self, frame: Frame, track: Track) -> Face:
        state = self._states[track.number]
        return Face(
            label=state.label,
            probabilities=Probabilities(self.model.labels, state.probabilities),
            box=track.box,
            score=track.score,
            track=track.number,
            frame_pixels=frame.pixels,
            crop_policy=self._classifier.crop_policy,
            placement=state.placement,
        )
