"""Groups of faces, such as ages or cameras, from a CSV file of the user.

FER2013 has no such columns, and predicting them with a model would not be reliable. Users who know
the groups of their own faces can check whether a model works equally well for all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.csv_table import Column, Header, Row, open_table
from fer_edge.shown import printable, unwritable

FACE = "face"
"""Column that identifies a face by its row in the face set, from 0."""
UNKNOWN = -1
MOST_GROUPS = 64

_EXPECTED = f"'{FACE}' and others, each once, for example: face,age,glasses"


@dataclass(frozen=True)
class Grouping:
    """One grouping of the faces.

    Attributes:
        name: Name of the column.
        groups: Names of the groups, sorted.
        members: int64, (n,), index of each face into `groups`; -1 if none is given.
    """

    name: str
    groups: tuple[str, ...]
    members: NDArray[np.int64]

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Grouping":
        """Select the rows of a mask or an index array."""
        return Grouping(self.name, self.groups, self.members[rows])


def load_groups(path: str | Path, faces: int) -> tuple[Grouping, ...]:
    """Read groupings from a CSV file with the column `face` and one column per grouping.

    A face with an empty cell or without a line belongs to no group.

    Args:
        path: UTF-8, separated by commas, semicolons or tabs, with a header; capitals and spaces
            around the name `face` do not matter.
        faces: Number of faces in the whole face set.

    Raises:
        DatasetError: The file cannot be read, names an unknown face or a face twice, or has no
            group or more than 64 groups in a column.
    """
    path = Path(path)
    try:
        with open_table(path, (Column((FACE,)),), _EXPECTED) as (header, rows):
            places = _places(path, header)
            cells = _cells(rows, places, faces)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(f"{path} cannot be read: {printable(reason, 200)}") from error
    return tuple(
        _grouping(path, header.names[place], column)
        for place, column in zip(places, cells, strict=True)
    )


def _places(path: Path, header: Header) -> list[int]:
    """Return the indices of the columns of groups."""
    places = [place for place, _ in enumerate(header.names) if place not in header.places]
    names = [header.names[place].casefold() for place in places]
    if not names or not all(names) or len(set(names)) < len(names):
        raise DatasetError(
            f"{path} has the columns {printable(', '.join(map(repr, header.names)), 200)}; "
            f"expected {_EXPECTED}"
        )
    return places


def _cells(rows: Iterable[Row], places: list[int], faces: int) -> list[list[str]]:
    """Return the cells of each column by face; empty if not given."""
    columns = [[""] * faces for _ in places]
    seen: set[int] = set()
    for row in rows:
        (text,), cells = row.found(), row.cells()
        text = text.strip()
        face = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else faces
        if face >= faces:
            raise DatasetError(
                f"{row.where}: face '{printable(text, 40)}' does not exist; expected 0 "
                f"to {faces - 1}, the row in the face set"
            )
        if face in seen:
            raise DatasetError(f"{row.where}: face {face} occurs twice; expected one line")
        seen.add(face)
        for column, place in zip(columns, places, strict=True):
            column[face] = cells[place].strip()
    return columns


def _grouping(path: Path, name: str, cells: list[str]) -> Grouping:
    groups = tuple(sorted({cell for cell in cells if cell}))
    for text in (name, *groups):
        if kind := unwritable(text):
            raise DatasetError(
                f"{path}: '{printable(text, 40)}' contains {kind}; expected names in one line"
            )
    if not groups:
        raise DatasetError(
            f"{path}: column '{printable(name, 40)}' has no groups; fill at least one cell, or "
            "remove the column"
        )
    if len(groups) > MOST_GROUPS:
        raise DatasetError(
            f"{path}: column '{printable(name, 40)}' has {len(groups)} groups; expected at most "
            f"{MOST_GROUPS}; group numbers such as ages into ranges"
        )
    numbers = {group: index for index, group in enumerate(groups)}
    members = np.array([numbers.get(cell, UNKNOWN) for cell in cells], np.int64)
    return Grouping(name, groups, members)
