"""Groups of faces, such as ages or cameras, which a CSV of the user's names face by face.

FER2013 has no such columns, and no model can be asked for them honestly: who knows the groups of
the own faces can see whether a model reads all of them equally well.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.shown import printable

FACE = "face"
"""The column that names a face: its row in the face set, counted from 0."""
UNKNOWN = -1
MOST_GROUPS = 64


@dataclass(frozen=True)
class Grouping:
    """One way to divide faces.

    Attributes:
        name: Of the column.
        groups: Names of the groups, sorted.
        members: int64, (n,), each face's index into `groups`; `UNKNOWN` where none is given.
    """

    name: str
    groups: tuple[str, ...]
    members: NDArray[np.int64]

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Grouping":
        """Take the rows of a mask or an index array."""
        return Grouping(self.name, self.groups, self.members[rows])


def load_groups(path: Path, faces: int) -> tuple[Grouping, ...]:
    """Read groups from a CSV with the column `face` and one column for each way to divide.

    An empty cell, and a face that has no line, belong to no group.

    Args:
        path: UTF-8, comma-separated, with a header.
        faces: How many the whole face set has.

    Raises:
        DatasetError: The file cannot be read, names a face that does not exist or twice, or has
            more than 64 groups in a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = [name for name in reader.fieldnames or () if name != FACE]
            if FACE not in (reader.fieldnames or ()) or not names or len(set(names)) < len(names):
                raise DatasetError(
                    f"{path} has the columns {', '.join(reader.fieldnames or ()) or 'none'}; "
                    f"expected '{FACE}' and others, each once, as: face,age,glasses"
                )
            cells = _cells(path, reader, names, faces)
    except (OSError, UnicodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatasetError(f"{path} cannot be read: {printable(reason, 200)}") from error
    return tuple(_grouping(path, name, column) for name, column in zip(names, cells, strict=True))


def _cells(
    path: Path, lines: Iterable[Mapping[str, str]], names: list[str], faces: int
) -> list[list[str]]:
    """Return each column's cells by face; empty where none is given."""
    columns = [[""] * faces for _ in names]
    seen: set[int] = set()
    for number, line in enumerate(lines, start=2):
        text = line[FACE] or ""
        face = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else faces
        if face >= faces:
            raise DatasetError(
                f"{path}, line {number}: face '{printable(text, 40)}' does not exist; expected "
                f"0 to {faces - 1}, the row in the face set"
            )
        if face in seen:
            raise DatasetError(f"{path}, line {number}: face {face} is there twice; name it once")
        seen.add(face)
        for column, name in zip(columns, names, strict=True):
            column[face] = (line[name] or "").strip()
    return columns


def _grouping(path: Path, name: str, cells: list[str]) -> Grouping:
    groups = tuple(sorted({cell for cell in cells if cell}))
    if not 1 <= len(groups) <= MOST_GROUPS:
        raise DatasetError(
            f"{path}: column '{printable(name, 40)}' has {len(groups)} groups; expected 1 to "
            f"{MOST_GROUPS}; put numbers such as ages into ranges"
        )
    numbers = {group: index for index, group in enumerate(groups)}
    members = np.array([numbers.get(cell, UNKNOWN) for cell in cells], np.int64)
    return Grouping(name, groups, members)
