"""The rows of a CSV file, with columns identified by several possible names."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import DatasetError


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
    """Yield the rows of a CSV file.

    Raises:
        DatasetError: A required column is missing, or the file cannot be parsed.
    """
    # a spreadsheet may have added a byte order mark
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        try:
            places = _places(next(rows, []), columns, f"{path} has no column", expected)
            for row in rows:
                if row:
                    cells = (row[at] if at is not None and at < len(row) else "" for at in places)
                    yield Row(f"{path}, line {rows.line_num}", tuple(cells))
        except csv.Error as error:
            raise DatasetError(f"{path}, line {rows.line_num}: {error}") from error


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
