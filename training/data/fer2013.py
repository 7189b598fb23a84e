"""FER+ votes for the rows of fer2013.csv: fer2013new.csv."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.csv_table import Column, open_table
from fer_edge.faces.faceset import SPLITS
from fer_edge.faces.labels import FERPLUS

from .csv_faces import parse_part

VOTES = (*FERPLUS[:-1], "NF")
"""The vote columns of fer2013new.csv."""

_COLUMNS = (Column(("Usage",)), *(Column((name,)) for name in VOTES))


def read_votes(path: Path, split: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Read fer2013new.csv, which has the same row order as fer2013.csv.

    Args:
        path: The file.
        split: uint8, (n,), split codes of the faces, which the rows must match.

    Returns:
        uint8, (n, 10), in the order of `fer_edge.faces.labels.FERPLUS`.

    Raises:
        DatasetError: It cannot be read, or does not belong to these faces.
    """
    table: list[list[int]] = []
    with open_table(path, _COLUMNS, "FER+'s fer2013new.csv") as (_, rows):
        for row in rows:
            usage, *counts = row.found()
            code = parse_part(usage, row.where)
            if len(table) == len(split):
                raise DatasetError(
                    f"{row.where}: more rows of votes than the {len(split)} faces; expected the "
                    "votes for this fer2013.csv"
                )
            if code != split[len(table)]:
                raise DatasetError(
                    f"{row.where}: the votes are for a {SPLITS[code]} face, but the face in this "
                    f"row is a {SPLITS[split[len(table)]]} face; expected the votes for this "
                    "fer2013.csv"
                )
            named = zip(VOTES, counts, strict=True)
            table.append([_parse_count(text, f"{row.where}: {name}") for name, text in named])
    if len(table) != len(split):
        raise DatasetError(
            f"{path} has votes for {len(table)} faces, expected {len(split)}: the votes for this "
            "fer2013.csv"
        )
    return np.array(table, np.uint8)


def _parse_count(text: str, where: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if not 0 <= count <= 255:
        raise DatasetError(f"{where} is '{text}'; expected a number of votes")
    return count
