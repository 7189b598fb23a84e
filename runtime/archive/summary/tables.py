"""The CSV tables of a summary, written row by row while files are read."""

import csv
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.files import whole_file
from fer_edge.shown import csv_text

from .clips import Clip
from .scan import Scanned
from .totals import CLIP_S, MOST_STEPS, Totals, TrackTotal

_STEPS_OF_HOUR = round(3600 / CLIP_S)

HEADS = {
    "videos": ("video", "looked_at_s", "frames", "faces", "tracks", "coverage", "uncertain_share"),
    "hours": ("video", "hour", "seen_s"),
    "tracks": ("video", "span", "track", "first_s", "last_s", "seconds"),
    "pictures": ("folder", "pictures", "faces", "uncertain_share"),
}
"""Table -> its first columns; a column per label follows: seconds, or faces in pictures."""


class Tables:
    """The CSV files in a folder; a context manager: they appear when all of them are complete."""

    def __init__(self, folder: Path, labels: tuple[str, ...]) -> None:
        """Open them.

        Args:
            folder: Output folder.
            labels: Columns of the totals.

        Raises:
            OutputError: They cannot be written, or a symbolic link is in their place.
        """
        self._folder, self._files = folder, ExitStack()
        self._writers: dict[str, Any] = {}
        for name, head in HEADS.items():
            self._writers[name] = self._open(name, (*head, *labels))

    def __enter__(self) -> "Tables":
        return self

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)

    def add_track(self, source: Scanned, track: TrackTotal) -> None:
        """Write a row per track."""
        times = (_rounded(track.first_s), _rounded(track.last_s), _rounded(track.seconds.sum()))
        self._write("tracks", (source.name, track.span, track.track, *times), track.seconds)

    def add_source(self, source: Scanned, totals: Totals) -> None:
        """Write the rows of a video or a folder of pictures."""
        sums = totals.per_label
        uncertain = _share(sums[-1], sums.sum())
        if source.kind == "pictures":
            head = (source.name, source.frames, source.faces, uncertain)
            self._write("pictures", head, sums)
            return
        counts = (_rounded(source.seconds), source.frames, source.faces, totals.tracks)
        coverage = _share(totals.seen_s.sum(), source.seconds)
        self._write("videos", (source.name, *counts, coverage, uncertain), sums)
        for hour in _hours(source, totals):
            of_hour = slice(hour * _STEPS_OF_HOUR, (hour + 1) * _STEPS_OF_HOUR)
            row = (source.name, hour, _rounded(totals.seen_s[of_hour].sum()))
            self._write("hours", row, totals.steps[of_hour].sum(axis=0))

    def add_clips(self, clips: dict[str, list[Clip]]) -> None:
        """Write the top clips of each label."""
        writer = self._open("clips", ("label", "video", "start_s", "end_s", "seconds"))
        for label, items in clips.items():
            for clip in items:
                texts = csv_text(label), csv_text(clip.source)
                times = clip.start_s, _rounded(clip.end_s), _rounded(clip.seconds)
                writer.writerow((*texts, *times))

    def _open(self, name: str, columns: Sequence[str]) -> Any:
        path = self._folder / f"{name}.csv"
        temporary = self._files.enter_context(whole_file(path, follows_link=False))
        file = self._files.enter_context(temporary.open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([csv_text(column) for column in columns])
        return writer

    def _write(self, name: str, row: Iterable[Any], sums: "np.ndarray[Any, Any]") -> None:
        cells = [csv_text(cell) if isinstance(cell, str) else cell for cell in row]
        self._writers[name].writerow((*cells, *(_rounded(value) for value in sums)))


def _hours(source: Scanned, totals: Totals) -> list[int]:
    """Return the hours that were processed, also those without a face."""
    hours = set((np.flatnonzero(totals.seen_s) // _STEPS_OF_HOUR).tolist())
    for part in source.parts:
        first, end = (
            # rounding in a sum of frames does not begin another hour
            round(time_s / 3600, 6)
            for time_s in (part.footer.start_s, part.footer.start_s + part.footer.seconds)
        )
        hours.update(range(int(first), min(ceil(end), MOST_STEPS // _STEPS_OF_HOUR)))
    return sorted(hours)


def _rounded(value: float) -> float:
    return round(float(value), 3)


def _share(part: float, whole: float) -> float | str:
    return round(float(part / whole), 4) if whole else ""
