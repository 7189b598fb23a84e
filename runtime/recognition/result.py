"""What was recognized in one frame: values that do not change."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.faces.preprocess import Box, CropPolicy, crop

from ..capture.frame import Decoded, Frame, Source, as_image
from ..timing.stopwatch import STAGES, StageTimes
from ..timing.wall_clock import utc_text

if TYPE_CHECKING:
    import supervision

UNCERTAIN = "uncertain"
"""The label of a face on which no expression is likely enough; no model's own label."""


class Probabilities(Mapping[str, float]):
    """The probability of each expression by its name, in the model's order; read-only."""

    __slots__ = ("_labels", "_values")

    def __init__(self, labels: tuple[str, ...], values: Iterable[float]) -> None:
        """Pair them.

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


@dataclass(frozen=True, slots=True)
class Face:
    """One recognized face of one frame.

    Two faces are equal if all but their frames' pixels is.

    Attributes:
        label: The most probable expression, or `uncertain`; steady where the face is followed.
        probabilities: Of each expression by its name, in the model's order, summing to about 1;
            smoothed over time where the face is followed; all equal where its turn to be
            recognized has not come yet.
        box: Its bounding box in pixels of the frame; may reach over the frame's edge.
        score: The detector's, 0 to 1; of the last detection where the face is followed.
        track: Number of the followed face, from 1, never used twice in a stream; None where faces
            are not followed.
        frame_pixels: The frame's own; see `frame_image`.
        crop_policy: How the model has the box cut; None where the whole frame is the face.
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

    @property
    def probability(self) -> float:
        """The probability of `label`; of the most probable expression for `uncertain`."""
        probability = self.probabilities.get(self.label)
        return max(self.probabilities.values()) if probability is None else probability

    @property
    def frame_image(self) -> NDArray[np.uint8] | None:
        """The frame's image, uint8, (height, width, 3), BGR: a reference, no copy."""
        return None if self.frame_pixels is None else as_image(self.frame_pixels)

    def crop(self) -> NDArray[np.uint8]:
        """Cut the face out of its frame, as the model has it cut.

        Returns:
            uint8, (side, side, 3), BGR, a copy; what lies beyond the frame repeats its edge. Of the
            frame's own size where the whole frame is the face.

        Raises:
            SourceError: The face was made without its frame's pixels.
        """
        face = self.frame_image
        if face is None:
            raise SourceError("this Face was made without a frame_image; nothing can be cut of it")
        if self.crop_policy is not None:
            face = crop(face, self.box, self.crop_policy, channels=3)
        return np.array(face)  # a copy, so that drawing on it leaves the frame alone

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON, as it stands in a JSON line's `faces`."""
        return {
            "track": self.track,
            "box": [round(float(edge), 1) for edge in self.box.edges],
            "detection": round(float(self.score), 4),
            "label": self.label,
            "scores": {label: round(share, 4) for label, share in self.probabilities.items()},
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What was recognized in one frame: a sequence of faces, the largest first.

    Attributes:
        frame: The frame.
        faces: What a loop over the result gives.
        times: What it took.
        dropped: Frames that a live source has dropped before this one; with the number of results
            before it they make `frame.index`.
        run: Of a live source: the same in all results of one start of the program.
    """

    frame: Frame
    faces: tuple[Face, ...]
    times: StageTimes = field(default_factory=StageTimes)
    dropped: int = 0
    run: str | None = None

    def __iter__(self) -> Iterator[Face]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, rank: int) -> Face:
        return self.faces[rank]

    @property
    def time(self) -> str | None:
        """When its frame came from a live source: UTC, RFC 3339, milliseconds; None for files."""
        unix_s = self.frame.unix_s
        return None if unix_s is None else utc_text(unix_s)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON: one of `fer-edge run`'s lines.

        `box` is [left, top, right, bottom] in pixels of the frame; `detection` is the detector's
        score; `scores` has every expression's probability; `times_ms` has the wall time of each
        stage and their sum; `dropped` counts the frames that a live source has dropped before this
        one; `time` (UTC, RFC 3339) and `run` are null for files; `track` is null where faces are
        not followed.
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
        """Draw each face's box, label and likeliest expressions onto a copy of the frame.

        Returns:
            uint8, (height, width, 3), BGR.
        """
        from ..drawing.annotation import annotate  # lettering is loaded for those who draw

        return annotate(self.frame.image, self.faces)

    def to_supervision(self) -> "supervision.Detections":
        """Return the faces as supervision's `Detections`, for its annotators, zones and counters.

        Returns:
            `xyxy` float32 (n, 4); `confidence` float32 (n,), the label's probability; `class_id`
            int (n,), the label's place among the model's expressions, one after the last for
            `uncertain`; `tracker_id` int (n,) where all faces are followed;
            `data["class_name"]` (n,), the labels.

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
    """Return a result with what its source knows of it; a live one's gets a moment and a run.

    Args:
        result: As a reader made it.
        source: What its frame is from.
        run: Of this start of the program.
    """
    if not source.is_live:
        return replace(result, dropped=source.dropped)
    frame = result.frame
    if frame.unix_s is None:  # of another package's source
        frame = replace(frame, unix_s=time.time())
    return replace(result, frame=frame, dropped=source.dropped, run=run)


def _place(face: Face) -> int:
    labels = tuple(face.probabilities)
    return labels.index(face.label) if face.label in labels else len(labels)


class FrameReader(Protocol):
    """Reads frames in order; one that follows faces keeps what it knows from frame to frame."""

    def read_frame(self, frame: Frame) -> Result:
        """Recognize every face in a frame."""
        ...
