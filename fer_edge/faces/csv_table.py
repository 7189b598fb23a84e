"""The rows of a CSV file, with columns identified by several possible names."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import DatasetError
from fer_edge.files import check_no_named_pipe

_DELIMITERS = (",", ";", "\t")
"""The header alone decides, since pixels and names may contain any of them."""
_LONGEST_CELL = 8 * 512 * 512
"""Characters of a cell: a face of 512x512 pixels, with commas or several spaces between them."""
_SAVE_AS_UTF8 = "save it again as UTF-8 (in a spreadsheet: CSV UTF-8)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column to find.

    Attributes:
        names: Possible names, in any case; the first one in the file is used.
        is_needed: Whether a file without it is rejected.
    """

    names: tuple[str, ...]
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a CSV file.

    Attributes:
        names: Names of all columns, without spaces at their ends.
        places: Index into `names` of each column to find; None if it is missing.
        passed_over: Names that fit a column for which another one is used.
        delimiter: Comma, semicolon or tab.
        advice: Next step for a row with more cells than the header.
    """

    names: tuple[str, ...]
    places: tuple[int | None, ...]
    passed_over: tuple[str, ...]
    delimiter: str
    advice: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a CSV file.

    Attributes:
        where: File and line, for messages.
        line: The whole line.
        header: Header of the file.
    """

    where: str
    line: str
    header: Header

    def cells(self) -> tuple[str, ...]:
        """Return one cell for each column of the header; empty if missing at the end.

        Raises:
            DatasetError: The line cannot be parsed, or has more cells than the header.
        """
        cells = _parsed(self.line, self.header.delimiter, self.where)
        columns = len(self.header.names)
        if any(cells[columns:]):
            raise DatasetError(
                f"{self.where} has {len(cells)} cells, the header {columns}: {self.header.advice}"
            )
        return tuple([*cells, *[""] * columns][:columns])

    def found(self) -> tuple[str, ...]:
        """Return the cell of each column to find, in their order; empty if missing.

        Raises:
            DatasetError: As `cells`.
        """
        cells = self.cells()
        return tuple("" if place is None else cells[place] for place in self.header.places)


@contextmanager
def open_table(
    path: Path,
    columns: Sequence[Column],
    expected: str,
    advice: str = "put a cell that contains the separator in quotes",
) -> Iterator[tuple[Header, Iterator[Row]]]:
    """Open a CSV file in UTF-8, separated by commas, semicolons or tabs, with a header.

    A row is one line, so that a wrong quotation mark damages only its own row.

    Args:
        path: The file.
        columns: Columns to find.
        expected: Description of the columns in messages.
        advice: Next step for a row with more cells than the header.

    Yields:
        The header and the rows, without empty lines. Rows are parsed when their cells are read.

    Raises:
        DatasetError: A required column is missing or occurs twice, or the file is not UTF-8.
        OSError: It cannot be opened.
    """
    check_no_named_pipe(path)
    with path.open("rb") as raw:
        mark = raw.read(2)
    if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DatasetError(f"{path} is UTF-16; expected UTF-8: {_SAVE_AS_UTF8}")
    # a spreadsheet may have added a byte order mark
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        lines = _utf8_lines(file, path)
        first = next(lines, "")
        header = _read_header(first, columns, advice, f"{path}, line 1")
        _check_header(header, columns, path, expected)
        yield (
            header,
            (
                Row(f"{path}, line {number}", line, header)
                for number, line in enumerate(lines, start=2)
                if line.strip("\r\n")
            ),
        )


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


def _parsed(line: str, delimiter: str, where: str) -> list[str]:
    """Return the cells of a line, which may be longer than Python's limit.

    The limit belongs to the whole process, so it is changed only while a row is parsed.
    """
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        problem = str(error)
        if line.count('"') % 2:
            problem = (
                "a quotation mark is not closed in this line; expected each row in one line: "
                "close or delete it"
            )
        raise DatasetError(f"{where}: {problem}") from error
    finally:
        csv.field_size_limit(before)


def _read_header(line: str, columns: Sequence[Column], advice: str, where: str) -> Header:
    """Return the header with the first delimiter that gives all columns; else with commas."""
    headers = [
        _header(_parsed(line, delimiter, where), columns, delimiter, advice)
        for delimiter in _DELIMITERS
        if delimiter == "," or delimiter in line
    ]
    return next((header for header in headers if not _missing(header, columns)), headers[0])


def _header(names: Sequence[str], columns: Sequence[Column], delimiter: str, advice: str) -> Header:
    # public copies have spaces and upper case in their headers
    names = tuple(name.strip() for name in names)
    plain = [name.casefold() for name in names]
    fitting = [
        [plain.index(name.casefold()) for name in column.names if name.casefold() in plain]
        for column in columns
    ]
    return Header(
        names,
        tuple(fits[0] if fits else None for fits in fitting),
        tuple(names[place] for fits in fitting for place in fits[1:]),
        delimiter,
        advice,
    )


def _missing(header: Header, columns: Sequence[Column]) -> list[str]:
    return [
        column.names[0]
        for column, place in zip(columns, header.places, strict=True)
        if place is None and column.is_needed
    ]


def _check_header(header: Header, columns: Sequence[Column], path: Path, expected: str) -> None:
    missing = _missing(header, columns)
    if missing:
        raise DatasetError(
            f"{path} has no column {', '.join(missing)}; its header is "
            f"{', '.join(header.names)[:200] or 'empty'}; expected {expected}"
        )
    plain = [name.casefold() for name in header.names]
    for place in header.places:
        if place is not None and plain.count(plain[place]) > 1:
            raise DatasetError(
                f"{path} has the column {header.names[place]} {plain.count(plain[place])} times; "
                "expected it once: rename or delete the others"
            )
