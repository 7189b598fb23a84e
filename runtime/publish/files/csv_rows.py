"""CSV: one row per face and frame, for spreadsheets and data frames."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from fer_edge.shown import csv_text

from ...recognition.result import Face, Result
from ..own_context import OwnContext
from .line_file import LineFile
from .power_cut import LineFormat

_COLUMNS = (
    *("frame", "time_s", "time", "run", "source", "track", "left", "top", "right", "bottom"),
    *("detection", "label"),
)


class CsvRows:
    """One row per face and frame after a fixed header; a frame without faces has no row."""

    def __init__(self, path: Path, labels: Sequence[str], *, in_place: bool = False) -> None:
        """Open the file; see `LineFile` for `in_place`.

        Args:
            path: Path of the file.
            labels: The model's expressions, one column each, after `frame`, `time_s`, `time`,
                `run`, `source`, `track`, `left`, `top`, `right`, `bottom` (pixels), `detection` and
                `label`.
            in_place: Whether to append to the file row by row.
        """
        self._labels = tuple(labels)
        header = _row((*_COLUMNS, *map(csv_text, self._labels)))
        is_row = partial(_has_columns, len(_COLUMNS) + len(self._labels))
        self._file = LineFile(
            path, LineFormat(f"{header}\n", is_row, header=header), in_place=in_place
        )

    def write(self, result: Result) -> None:
        """Write a row for each face."""
        frame = result.frame
        for face in result.faces:
            shares = face.probabilities
            self._file.write(
                _row(
                    (
                        *(frame.index, round(frame.time_s, 4), result.time, result.run),
                        csv_text(frame.name),
                        *_face(face),
                        *(round(shares[label], 4) for label in self._labels),
                    )
                )
            )

    def close(self, *, complete: bool) -> None:
        """Finish the file."""
        self._file.close(complete=complete)


def _face(face: Face) -> tuple[object, ...]:
    edges = (round(edge, 1) for edge in face.box.edges)
    track = "" if face.track is None else face.track
    return (track, *edges, round(face.score, 4), csv_text(face.label))


def _has_columns(count: int, line: str) -> bool:
    try:
        return len(next(csv.reader([line]), [])) == count
    except csv.Error:
        return False


def _row(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def open_csv_rows(place: str, context: OwnContext) -> CsvRows:
    """Open a CSV file, or standard output for -.

    Raises:
        OutputError: The file cannot be written.
    """
    path = Path("/dev/stdout" if place == "-" else place)
    return CsvRows(path, context.labels, in_place=context.source.is_live)
