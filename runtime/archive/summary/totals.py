"""Totals over the rows of one source, read in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from fer_edge.errors import SourceError
from fer_edge.shown import printable

from ...recognition.result import UNCERTAIN
from .scan import Part, Scanned

CLIP_S = 10.0
"""Time resolution of the totals, in seconds."""

_COLUMNS = {
    "time_s": pyarrow.float64(),
    "seconds": pyarrow.float32(),
    "face": pyarrow.int16(),
    "track": pyarrow.int32(),
    "label": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
}
_BATCH_ROWS = 131072
_ROUNDING_S = 1e-4  # of a float32, up to half an hour
MOST_STEPS = 10_000_000
"""Over three years in one video; a later time means a damaged file."""

Times = NDArray[np.float64]


def all_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return a model's labels followed by `uncertain`: the columns of all totals."""
    return (*labels, UNCERTAIN)


@dataclass(frozen=True, slots=True)
class TrackTotal:
    """One track.

    Attributes:
        span: Number of the span that contains it.
        track: Its number in that span.
        first_s: Time of its first frame.
        last_s: Time of its last frame.
        seconds: (labels,): time with each label.
    """

    span: int
    track: int
    first_s: float
    last_s: float
    seconds: Times


@dataclass(slots=True)
class Totals:
    """Totals of a source.

    Attributes:
        steps: (n, labels): seconds of faces in each `CLIP_S` of a video; for pictures, faces in the
            first step.
        seen_s: (n,): seconds with at least one face.
        tracks: Number of tracks.
    """

    steps: Times
    seen_s: Times
    tracks: int = 0

    def reach(self, count: int) -> None:
        """Allocate the given number of steps."""
        have = len(self.steps)
        if count > have:
            more = max(count, 2 * have) - have
            self.steps = np.vstack([self.steps, np.zeros((more, self.steps.shape[1]))])
            self.seen_s = np.concatenate([self.seen_s, np.zeros(more)])

    @property
    def per_label(self) -> Times:
        """(labels,): the sum over all steps."""
        total: Times = self.steps.sum(axis=0)
        return total


def add_up(source: Scanned, labels: tuple[str, ...]) -> "tuple[Totals, Iterator[TrackTotal]]":
    """Add up all rows of a source.

    Args:
        source: Source to read.
        labels: See `all_labels`.

    Returns:
        The totals, which are complete after the tracks were iterated.
    """
    totals = Totals(np.zeros((1, len(labels))), np.zeros(1))
    return totals, _tracks(source, labels, totals)


def _tracks(source: Scanned, labels: tuple[str, ...], totals: Totals) -> Iterator[TrackTotal]:
    for part in source.parts:
        tracks = _Tracks(len(labels))
        for batch in _batches(part):
            label = _indices(batch.column("label"), labels, part)
            times_s = batch.column("time_s").to_numpy()
            seconds = batch.column("seconds").to_numpy().astype(np.float64)
            if source.kind == "video":
                track = batch.column("track").fill_null(-1).to_numpy(zero_copy_only=False)
                tracks.add(track, times_s, seconds, label)
            else:
                seconds = np.ones(len(label))
            _add_steps(totals, times_s, seconds, label, part)
            _add_seen(totals, batch, times_s, seconds)
        yield from tracks.finish(part.footer.number)
        totals.tracks += tracks.count


def _batches(part: Part) -> Iterator[Any]:
    try:
        with pyarrow.parquet.ParquetFile(part.path) as file:
            schema = file.schema_arrow
            for name, kind in _COLUMNS.items():
                if schema.names.count(name) != 1 or schema.field(name).type != kind:
                    raise _damaged(part, f"expected one column '{name}' of type {kind}")
            for batch in file.iter_batches(_BATCH_ROWS, columns=[*_COLUMNS]):
                _check(batch, part)
                yield batch
    except (OSError, pyarrow.ArrowException) as error:
        raise _damaged(part, str(error)) from error


def _check(batch: Any, part: Part) -> None:
    """Reject values that no worker writes."""
    for name in _COLUMNS:
        if name != "track" and batch.column(name).null_count:
            raise _damaged(part, f"column '{name}' has rows without a value")
    times_s, seconds = (batch.column(name).to_numpy() for name in ("time_s", "seconds"))
    if not np.isfinite(times_s).all() or not (np.isfinite(seconds) & (seconds >= 0)).all():
        raise _damaged(part, "a time is not finite, or a duration is negative")


def _damaged(part: Part, reason: str) -> SourceError:
    return SourceError(
        f"{part.path} is damaged ({reason}); delete it and run fer-edge archive again"
    )


def _indices(column: Any, labels: tuple[str, ...], part: Part) -> NDArray[np.intp]:
    names = column.dictionary.to_pylist()
    unknown = [name for name in names if name not in labels]
    if unknown:
        raise SourceError(
            f"{part.path} has the label {printable(unknown[0])!r}; expected one of "
            f"{printable(', '.join(labels), 400)}"
        )
    places = np.array([labels.index(name) for name in names] or [0], np.intp)
    found: NDArray[np.intp] = places[column.indices.to_numpy(zero_copy_only=False)]
    return found


def _add_steps(
    totals: Totals, times_s: Times, seconds: Times, label: NDArray[np.intp], part: Part
) -> None:
    if not len(times_s):
        return
    latest_s = float((times_s + seconds).max())
    if latest_s >= MOST_STEPS * CLIP_S:
        raise _damaged(part, f"it has a time of {latest_s:.3g} s")
    sums = _per_step(times_s, seconds, label, totals.steps.shape[1])
    totals.reach(len(sums))
    totals.steps[: len(sums)] += sums


def _add_seen(totals: Totals, batch: Any, times_s: Times, seconds: Times) -> None:
    is_first = batch.column("face").to_numpy() == 0
    if is_first.any():
        column = np.zeros(int(is_first.sum()), np.intp)
        sums = _per_step(times_s[is_first], seconds[is_first], column, 1)[:, 0]
        totals.seen_s[: len(sums)] += sums


def _per_step(times_s: Times, seconds: Times, column: NDArray[np.intp], width: int) -> Times:
    """Divide the time that each row represents among the steps that it covers.

    Returns:
        (n, width): seconds of the rows of each column, in each `CLIP_S`.
    """
    starts_s = _to_steps(np.maximum(times_s, 0))
    ends_s = np.maximum(_to_steps(np.maximum(times_s, 0) + seconds), starts_s)
    first = (starts_s // CLIP_S).astype(np.intp)
    last = np.maximum(np.ceil(ends_s / CLIP_S).astype(np.intp) - 1, first)
    size = (int(last.max()) + 1) * width
    of_first = np.minimum(ends_s, (first + 1) * CLIP_S) - starts_s
    of_last = np.where(last > first, ends_s - last * CLIP_S, 0)
    ends = np.bincount(first * width + column, of_first, size)
    ends += np.bincount(last * width + column, of_last, size)
    # rows begin and end to cover a whole step: far fewer numbers than one for each row and step
    far = last > first
    begun = np.bincount((first + 1)[far] * width + column[far], minlength=size)
    ended = np.bincount(last[far] * width + column[far], minlength=size)
    whole = (begun - ended).reshape(-1, width).cumsum(axis=0)
    covered: Times = ends.reshape(-1, width) + whole * CLIP_S
    return covered


def _to_steps(times_s: Times) -> Times:
    """Move times within rounding of the edge of a step to it: `seconds` is a float32."""
    edges_s = np.rint(times_s / CLIP_S) * CLIP_S
    return np.where(np.abs(times_s - edges_s) < _ROUNDING_S, edges_s, times_s)


class _Tracks:
    """The tracks of one file; tracks do not cross files."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._numbers: NDArray[np.int64] = np.zeros(0, np.int64)
        self._seconds: Times = np.zeros((0, width))
        self._first_s: Times = np.zeros(0)
        self._last_s: Times = np.zeros(0)

    @property
    def count(self) -> int:
        return int((self._numbers >= 0).sum())

    def add(
        self, track: NDArray[np.int32], times_s: Times, seconds: Times, label: NDArray[np.intp]
    ) -> None:
        """Add rows."""
        if not len(track):
            return
        numbers = np.union1d(self._numbers, track)
        count, old = len(numbers), np.searchsorted(numbers, self._numbers)
        sums, first_s = np.zeros((count, self._width)), np.full(count, np.inf)
        last_s = np.full(count, -np.inf)
        sums[old], first_s[old], last_s[old] = self._seconds, self._first_s, self._last_s
        place = np.searchsorted(numbers, track)
        size = count * self._width
        added = np.bincount(place * self._width + label, weights=seconds, minlength=size)
        sums += added.reshape(count, self._width)
        np.minimum.at(first_s, place, times_s)
        np.maximum.at(last_s, place, times_s)
        self._numbers, self._seconds = numbers, sums
        self._first_s, self._last_s = first_s, last_s

    def finish(self, span: int) -> Iterator[TrackTotal]:
        """Yield the tracks."""
        for at in np.flatnonzero(self._numbers >= 0):
            yield TrackTotal(
                span,
                int(self._numbers[at]),
                float(self._first_s[at]),
                float(self._last_s[at]),
                self._seconds[at],
            )
