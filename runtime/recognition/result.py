"""Recognition results of a frame, as immutable values."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.placement import Placement
from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.faces.preprocess import Box, CropPolicy, crop

from ..capture.frame import Decoded, Frame, Source, as_image
from ..timing.stopwatch import STAGES, StageTimes
from ..timing.wall_clock import utc_text

if TYPE_CHECKING:
    import supervision

UNCERTAIN = "uncertain"
"""Label of a face without a sufficiently probable expression; not a label of any model."""


class Probabilities(Mapping[str, float]):
    """Probability of each expression by name, in the model's order; read-only."""

    __slots__ = ("_labels", "_values")

    def __init__(self, labels: tuple[str, ...], values: Iterable[float]) -> None:
        """Combine labels and values.

        Args:
            labels: The model's expressions in output order.
            values: One probability per label.
        """
        self._labels, self._values = labels, tuple(map(float, values))

    def __getitem__(self, label: str) -> float:
        try:
            return self._values[self._labels.index(label)]
        except ValueError:
            raise KeyError(label) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)

    def __hash__(self) -> int:
        return hash((self._labels, self._values))

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> "tuple[type[Probabilities], tuple[object, ...]]":
        return Probabilities, (self._labels, self._values)


@dataclass(frozen=True, slots=True)
class Face:
    """One recognized face of one frame.

    Faces are compared without the pixels of their frames.

    Attributes:
        label: The most probable expression, or `uncertain`; steady if the face is tracked.
        probabilities: Probability of each expression by name, in the model's order, summing to
            about 1; smoothed over time if the face is tracked; all equal if it has not been
            classified yet.
        box: Bounding box in pixels of the frame; may extend beyond the frame.
        score: Detection score, 0 to 1; of the last detection if the face is tracked.
        track: Number of the track, from 1, never reused in a stream; None without tracking.
        frame_pixels: Pixels of the frame; see `frame_image`.
        crop_policy: Crop policy of the model; None if the whole frame is the face.
        placement: How the face lies in its box, as found by the aligner: its roll, and how much
            smaller or larger than the box it is.
    """

    label: str
    probabilities: Mapping[str, float] = field(hash=False)
    box: Box
    score: float
    track: int | None = None
    frame_pixels: NDArray[np.uint8] | Decoded | None = field(
        default=None, repr=False, compare=False
    )
    crop_policy: CropPolicy | None = field(default=None, repr=False, compare=False)
    placement: Placement = field(default=Placement(), repr=False, compare=False)

    @property
    def probability(self) -> float:
        """Probability of `label`; of the most probable expression for `uncertain`."""
        probability = self.probabilities.get(self.label)
        return max(self.probabilities.values()) if probability is None else probability

    @property
    def frame_image(self) -> NDArray[np.uint8] | None:
        """Image of the frame, uint8, (height, width, 3), BGR: a reference, not a copy."""
        return None if self.frame_pixels is None else as_image(self.frame_pixels)

    def crop(self) -> NDArray[np.uint8]:
        """Crop the face from its frame as the model reads it: upright, by the model's policy.

        Returns:
            uint8, (side, side, 3), BGR, a copy; pixels beyond the frame repeat its edge. The size
            of the frame if the whole frame is the face.

        Raises:
            SourceError: The face was created without the pixels of its frame.
            DetectorError: Its box is many times larger than the frame.
        """
        face = self.frame_image
        if face is None:
            raise SourceError("this Face has no frame_image, so it cannot be cropped")
        if self.crop_policy is not None:
            face = crop(
                face,
                self.placement.box_of(self.box),
                self.crop_policy,
                channels=3,
                roll_degrees=self.placement.roll_degrees,
            )
        return np.array(face)  # a copy, so that drawing on it does not change the frame

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON, as in the `faces` of a JSON line."""
        return {
            "track": self.track,
            "box": [round(float(edge), 1) for edge in self.box.edges],
            "detection": round(float(self.score), 4),
            "label": self.label,
            "scores": {label: round(share, 4) for label, share in self.probabilities.items()},
        }


@dataclass(frozen=True, slots=True)
class Result:
    """Recognition result of one frame: a sequence of faces, the largest first.

    Results are compared without their times, which are never the same twice.

    Attributes:
        frame: The frame.
        faces: Faces, over which the result iterates.
        times: Time of each stage.
        dropped: Number of frames that a live source dropped before this one; together with the
            number of results before it they make up `frame.index`.
        run: Identifier of the run, for a live source: equal in all results of one start.
        ignored: Boxes of faces that were found, but not recognized, because of `min_face_px` or
            `max_faces`, so that outputs that cover faces cover them; in a video those of the last
            detection. Empty with a tracker of your own.
    """

    frame: Frame
    faces: tuple[Face, ...]
    times: StageTimes = field(default_factory=StageTimes, compare=False)
    dropped: int = 0
    run: str | None = None
    ignored: tuple[Box, ...] = ()

    def __iter__(self) -> Iterator[Face]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, rank: int) -> Face:
        return self.faces[rank]

    @property
    def time(self) -> str | None:
        """Time of its frame from a live source: UTC, RFC 3339, milliseconds; None for files."""
        unix_s = self.frame.unix_s
        return None if unix_s is None else utc_text(unix_s)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON: a line of `fer-edge run`.

        `box` is [left, top, right, bottom] in pixels of the frame; `detection` is the detection
        score; `scores` has the probability of every expression; `times_ms` has the wall time of
        each stage and their sum; `dropped` is the number of frames that a live source dropped
        before this one; `time` (UTC, RFC 3339) and `run` are null for files; `track` is null
        without tracking.
        """
        times_ms = {stage: round(getattr(self.times, f"{stage}_ms"), 3) for stage in STAGES}
        return {
            "frame": self.frame.index,
            "time_s": round(self.frame.time_s, 4),
            "time": self.time,
            "run": self.run,
            "source": self.frame.name,
            "dropped": self.dropped,
            "times_ms": {**times_ms, "total": round(self.times.total_ms, 3)},
            "faces": [face.to_dict() for face in self.faces],
        }

    def draw(self) -> NDArray[np.uint8]:
        """Draw each face's box, label and most probable expressions on a copy of the frame.

        Returns:
            uint8, (height, width, 3), BGR.
        """
        from ..drawing.annotation import annotate  # text drawing is only imported here

        return annotate(self.frame.image, self.faces)

    def to_supervision(self) -> "supervision.Detections":
        """Return the faces as supervision's `Detections`, for its annotators, zones and counters.

        Returns:
            `xyxy` float32 (n, 4); `confidence` float32 (n,), the label's probability; `class_id`
            int (n,), index of the label in the model's expressions, one after the last for
            `uncertain`; `tracker_id` int (n,) if all faces are tracked; `data["class_name"]` (n,),
            the labels.

        Raises:
            MissingExtraError: supervision is not installed.
        """
        try:
            import supervision
        except ImportError as error:
            raise MissingExtraError(
                "to_supervision needs the package supervision; run: pip install supervision"
            ) from error
        tracks = [face.track for face in self.faces if face.track is not None]
        return supervision.Detections(
            xyxy=np.array([face.box.edges for face in self.faces], np.float32).reshape(-1, 4),
            confidence=np.array([face.probability for face in self.faces], np.float32),
            class_id=np.array([_place(face) for face in self.faces], int),
            tracker_id=np.array(tracks, int) if len(tracks) == len(self.faces) > 0 else None,
            data={"class_name": np.array([face.label for face in self.faces], str)},
        )


def completed(result: Result, source: Source, run: str) -> Result:
    """Return a result with data about its source; a live one gets a time and a run.

    Args:
        result: Result of a reader.
        source: Source of its frame.
        run: Identifier of this start of the program.
    """
    if not source.is_live:
        return replace(result, dropped=source.dropped)
    frame = result.frame
    if frame.unix_s is None:  # for another package's source
        frame = replace(frame, unix_s=time.time())
    return replace(result, frame=frame, dropped=source.dropped, run=run)


def _place(face: Face) -> int:
    labels = tuple(face.probabilities)
    return labels.index(face.label) if face.label in labels else len(labels)


class FrameReader(Protocol):
    """Processes frames in order; a reader with tracking keeps state from frame to frame."""

    def read_frame(self, frame: Frame) -> Result:
        """Recognize every face in a frame."""
        ...
