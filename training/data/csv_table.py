"""The rows of a CSV file, with columns identified by several possible names."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import DatasetError
from fer_edge.files import check_no_named_pipe

_LONGEST_CELL = 8 * 512 * 512
"""Characters of a cell: a face of 512x512 pixels, with commas or several spaces between them."""
_SAVE_AS_UTF8 = "save it again as UTF-8 (in a spreadsheet: CSV UTF-8)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column to find.

    Attributes:
        names: Possible names; the first one in the file is used.
        is_needed: Whether a file without it is rejected.
    """

    names: tuple[str, ...]
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a CSV file.

    Attributes:
        where: File and line, for messages.
        cells: Text of each column to find, in order; empty if missing.
    """

    where: str
    cells: tuple[str, ...]


def read_rows(path: Path, columns: Sequence[Column], expected: str) -> Iterator[Row]:
    """Yield the rows of a CSV file in UTF-8.

    Raises:
        DatasetError: A required column is missing, or the file cannot be parsed or is not UTF-8.
    """
    check_no_named_pipe(path)
    with path.open("rb") as raw:
        mark = raw.read(2)
    if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DatasetError(f"{path} is UTF-16; expected UTF-8: {_SAVE_AS_UTF8}")
    # a spreadsheet may have added a byte order mark
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        rows = csv.reader(_utf8_lines(file, path))
        try:
            places = _places(_next(rows) or [], columns, f"{path} has no column", expected)
            while (row := _next(rows)) is not None:
                if row:
                    cells = (row[at] if at is not None and at < len(row) else "" for at in places)
                    yield Row(f"{path}, line {rows.line_num}", tuple(cells))
        except csv.Error as error:
            raise DatasetError(f"{path}, line {rows.line_num}: {error}") from error


def _utf8_lines(lines: Iterable[str], path: Path) -> Iterator[str]:
    """Yield lines; other bytes than UTF-8, which were read as surrogates, are an error.

    Replacing them would give different class names the same name.
    """
    for number, line in enumerate(lines, start=1):
        try:
            line.encode()
        except UnicodeEncodeError as error:
            byte = line[error.start].encode("utf-8", "surrogateescape")
            raise DatasetError(
                f"{path}, line {number}: byte 0x{byte.hex()} is not UTF-8; {_SAVE_AS_UTF8}"
            ) from error
        yield line


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    """Return the next row, which may have longer cells than Python's limit; None at the end.

    The limit belongs to the whole process, so it is changed only while a row is parsed.
    """
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(before)


def _places(
    header: list[str], columns: Sequence[Column], subject: str, expected: str
) -> list[int | None]:
    # public copies have spaces and upper case in their headers
    plain = [name.strip().casefold() for name in header]
    places = []
    for column in columns:
        known = [name for name in column.names if name.casefold() in plain]
        places.append(plain.index(known[0].casefold()) if known else None)
    missing = [
        column.names[0]
        for column, place in zip(columns, places, strict=True)
        if place is None and column.is_needed
    ]
    if missing:
        shown = ", ".join(name.strip() for name in header)
        raise DatasetError(
            f"{subject} {', '.join(missing)}; its header is {shown[:200] or 'empty'}; "
            f"expected {expected}"
        )
    return places
