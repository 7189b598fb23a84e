"""A result file in one of three formats: complete under its name, or absent."""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from fer_edge.documents import read_limited
from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, check_own_place, new_temporary
from fer_edge.limits import JSON_BYTES
from fer_edge.schema import SchemaError
from fer_edge.shown import csv_text

from .config import FormatName
from .footer import Footer, parse_footer
from .rows import Rows

DATA, WRITING = "faces", ".writing"
"""Folders of the results: finished files, and unfinished ones, which queries must not see."""

UNFINISHED = "fer-edge-"
"""Beginning of the name of an unfinished file."""

SIDECAR_SUFFIX = ".json"
"""A CSV or JSON-lines file has its footer in a separate file, `clip-3f90....csv.json`."""


class RowWriter(Protocol):
    """Writes rows, and the footer at the end."""

    def write(self, rows: Rows) -> None:
        """Add rows."""

    def finish(self, footer: Footer) -> None:
        """Write the remaining rows and the footer."""

    def close(self) -> None:
        """Release the file."""


@contextmanager
def new_result(out: Path, name: str, format_: FormatName) -> Iterator[RowWriter]:
    """Yield a writer; its file appears under its name when the block ends without an error.

    Other errors of the block are passed on: an OSError of reading is not one of the result.

    Args:
        out: Results folder.
        name: Name of the unit.
        format_: File format.

    Raises:
        OutputError: It cannot be written.
        MissingExtraError: pyarrow is not installed.
    """
    target = result_path(out, name, format_)
    temporary: Path | None = None
    try:
        with _writing(target):
            for folder in (out / DATA, target.parent, out / WRITING):
                check_own_place(folder)
                folder.mkdir(parents=True, exist_ok=True)
            temporary = new_temporary(out / WRITING, UNFINISHED, target.suffix)
            writer: RowWriter = _Result(_open_writer(temporary, format_), target)
        try:
            yield writer
        finally:
            writer.close()
        with _writing(target):
            for written, final in _finished(temporary, target):
                _to_disk(written)
                written.replace(final)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
            _sidecar(temporary).unlink(missing_ok=True)


def result_path(out: Path, name: str, format_: FormatName) -> Path:
    """Return the path of a unit's file."""
    return out / DATA / f"{name}.{format_}"


def read_footer(path: Path) -> Footer | None:
    """Read the footer of a finished file; None if it has no footer of this version."""
    try:
        if path.suffix == ".parquet":
            from .parquet_file import read_metadata

            return read_metadata(path)
        sidecar = _sidecar(path)
        return parse_footer(read_limited(sidecar, JSON_BYTES)) if sidecar.is_file() else None
    except (OSError, SchemaError):
        return None


def remove_result(path: Path) -> None:
    """Delete a result file.

    Raises:
        OutputError: It cannot be deleted.
    """
    try:
        _sidecar(path).unlink(missing_ok=True)  # first: without it the other file is ignored
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot delete {path}: {error.strerror}") from error


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(target, error) from error


class _Result:
    """A writer whose errors name the result file."""

    def __init__(self, writer: RowWriter, target: Path) -> None:
        self._writer, self._target = writer, target

    def write(self, rows: Rows) -> None:
        with _writing(self._target):
            self._writer.write(rows)

    def finish(self, footer: Footer) -> None:
        with _writing(self._target):
            self._writer.finish(footer)

    def close(self) -> None:
        with _writing(self._target):
            self._writer.close()


def _open_writer(path: Path, format_: FormatName) -> RowWriter:
    if format_ == "parquet":
        from .parquet_file import ParquetFile

        return ParquetFile(path)
    return TextFile(path, format_)


def _finished(temporary: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    yield temporary, target
    if _sidecar(temporary).exists():
        yield _sidecar(temporary), _sidecar(target)


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + SIDECAR_SUFFIX)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class TextFile:
    """CSV with a header, or one JSON object per line; the footer is a separate file."""

    def __init__(self, path: Path, format_: FormatName) -> None:
        """Open a new file."""
        self._path, self._is_csv = path, format_ == "csv"
        self._file = path.open("w", encoding="utf-8", newline="")
        self._has_header = False

    def write(self, rows: Rows) -> None:
        """Add rows."""
        names = ("source", "label", *rows.numbers)
        columns = [rows.text["source"], rows.text["label"]]
        numbers = [_plain(column.tolist(), name) for name, column in rows.numbers.items()]
        if self._is_csv:
            columns = [[csv_text(text) for text in column] for column in columns]
        lines: Iterator[tuple[Any, ...]] = zip(*columns, *numbers, strict=True)
        if self._is_csv:
            table = csv.writer(self._file, lineterminator="\n")
            if not self._has_header:
                table.writerow(names)
                self._has_header = True
            table.writerows(lines)
            return
        for line in lines:
            self._file.write(json.dumps(dict(zip(names, line, strict=True))) + "\n")

    def finish(self, footer: Footer) -> None:
        """Write the footer."""
        self._file.flush()
        _sidecar(self._path).write_text(footer.to_json() + "\n", "utf-8")

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _plain(values: list[Any], name: str) -> list[Any]:
    """Round float32 values to their precision; a track of -1 means none."""
    if name == "track":
        return [None if value < 0 else value for value in values]
    return [round(value, 6) if isinstance(value, float) else value for value in values]
