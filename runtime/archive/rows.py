"""The rows of a result file: one per face and frame."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..recognition.result import Result
from .unit import in_utf8

ROWS_AT_ONCE = 65536
"""Number of rows in memory before they are written."""

_EDGES = ("left", "top", "right", "bottom")


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length.

    Attributes:
        text: `source` and `label`.
        numbers: All others by name, in the order of the file: `span` int32; `frame` int32; `time_s`
            float64; `seconds` float32; `face` int16; `track` int32, -1 without tracking; `left`,
            `top`, `right`, `bottom`, `detection` and `p_<label>` float32.
    """

    text: dict[str, list[str]]
    numbers: dict[str, NDArray[np.generic]]

    def __len__(self) -> int:
        return len(self.text["label"])


@dataclass(slots=True)
class RowBuffer:
    """Collects rows; `take` returns them and starts with an empty set.

    Attributes:
        labels: The model's expressions in output order.
        span: Number of the unit within its source.
    """

    labels: tuple[str, ...]
    span: int
    _sources: list[str] = field(default_factory=list)
    _labels: list[str] = field(default_factory=list)
    _places: list[tuple[float, ...]] = field(default_factory=list)
    _probabilities: list[tuple[float, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, result: Result, number: int, seconds: float) -> None:
        """Add the faces of a frame.

        Args:
            result: Recognition result of the frame.
            number: Number of the frame in the unit, from 0; sampled frames of a video keep the
                numbers that they have among all frames.
            seconds: Time that the frame represents.
        """
        source = in_utf8(result.frame.name)
        for rank, face in enumerate(result.faces):
            self._sources.append(source)
            self._labels.append(face.label)
            track = -1 if face.track is None else face.track
            box = tuple(map(float, face.box.edges))
            self._places.append(
                (number, result.frame.time_s, seconds, rank, track, *box, float(face.score))
            )
            self._probabilities.append(tuple(face.probabilities.values()))

    def take(self) -> Rows:
        """Return the collected rows, and clear them."""
        count = len(self)
        places = np.array(self._places, np.float64).reshape(count, 10)
        shares = np.array(self._probabilities, np.float32).reshape(count, len(self.labels))
        numbers: dict[str, NDArray[np.generic]] = {
            "span": np.full(count, self.span, np.int32),
            "frame": places[:, 0].astype(np.int32),
            "time_s": places[:, 1],
            "seconds": places[:, 2].astype(np.float32),
            "face": places[:, 3].astype(np.int16),
            "track": places[:, 4].astype(np.int32),
        }
        for at, name in enumerate((*_EDGES, "detection"), start=5):
            numbers[name] = places[:, at].astype(np.float32)
        for at, label in enumerate(self.labels):
            numbers[f"p_{label}"] = shares[:, at]
        text = {"source": self._sources, "label": self._labels}
        self._sources, self._labels, self._places, self._probabilities = [], [], [], []
        return Rows(text, numbers)
