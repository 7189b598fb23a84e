"""FER2013's own file and FER+'s votes for it: fer2013.csv and fer2013new.csv."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faceset import SPLITS, FaceSet
from fer_edge.labels import FER2013, FERPLUS

USAGES = {"Training": 0, "PublicTest": 1, "PrivateTest": 2}
"""FER2013's `Usage` to split codes."""

VOTES = (*FERPLUS[:-1], "NF")
"""The vote columns of fer2013new.csv."""


def read_faces(path: Path, on_progress: Callable[[int], None]) -> FaceSet:
    """Read fer2013.csv, or another file with its columns; without `Usage` all is Training.

    Raises:
        DatasetError: A row cannot be read; the message names its line.
    """
    images: list[NDArray[np.uint8]] = []
    labels, splits = [], []
    for where, row in _rows(path, ("emotion", "pixels"), "FER2013's emotion, pixels, Usage"):
        image = _parse_pixels(row["pixels"], where)
        if images and image.shape != images[0].shape:
            raise DatasetError(
                f"{where}: a face of {image.size} pixels, those before have {images[0].size}; "
                "wanted faces of one size"
            )
        images.append(image)
        labels.append(_parse_label(row["emotion"], where))
        splits.append(_parse_usage(row.get("Usage") or "Training", where))
        on_progress(1)
    if not images:
        raise DatasetError(f"{path} has a header and no rows; wanted one face per row")
    return FaceSet(
        np.stack(images), np.array(labels, np.uint8), np.array(splits, np.uint8), FER2013
    )


def read_votes(path: Path, split: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Read fer2013new.csv, whose rows stand in the order of those of fer2013.csv.

    Args:
        path: The file.
        split: uint8, (n,), split codes of the faces, which the rows must repeat.

    Returns:
        uint8, (n, 10), in the order of `fer_edge.labels.FERPLUS`.

    Raises:
        DatasetError: It cannot be read, or is not of these faces.
    """
    table: list[list[int]] = []
    for where, row in _rows(path, ("Usage", *VOTES), "FER+'s fer2013new.csv"):
        code = _parse_usage(row["Usage"] or "", where)
        if len(table) == len(split):
            raise DatasetError(
                f"{where}: more votes than the {len(split)} faces; "
                "wanted the votes of this very fer2013.csv"
            )
        if code != split[len(table)]:
            raise DatasetError(
                f"{where}: votes for a {SPLITS[code]} face, but the face in this row is a "
                f"{SPLITS[split[len(table)]]} one; wanted the votes of this very fer2013.csv"
            )
        table.append([_parse_count(row[name], f"{where}: {name}") for name in VOTES])
    if len(table) != len(split):
        raise DatasetError(
            f"{path} has votes for {len(table)} faces and there are {len(split)}; "
            "wanted the votes of this very fer2013.csv"
        )
    return np.array(table, np.uint8)


def _rows(
    path: Path, columns: tuple[str, ...], wanted: str
) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield the place of each row, for messages, and the row."""
    # a spreadsheet may have put a mark of UTF-8 in front
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows: csv.DictReader[str] = csv.DictReader(file)
        try:
            # one public copy of FER2013 has spaces in its header
            header = [name.strip() for name in rows.fieldnames or ()]
            rows.fieldnames = header
            missing = [name for name in columns if name not in header]
            if missing:
                raise DatasetError(
                    f"{path} has no column {', '.join(missing)}; its header is "
                    f"{', '.join(header)}; wanted {wanted}"
                )
            for row in rows:
                yield f"{path}, line {rows.line_num}", row
        except csv.Error as error:
            raise DatasetError(f"{path}, line {rows.line_num}: {error}") from error


def _parse_pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    try:
        values = np.array([int(value) for value in (text or "").split()])
    except ValueError as error:
        raise DatasetError(f"{where}: pixels hold something that is no number: {error}") from error
    side = round(len(values) ** 0.5)
    if side == 0 or side * side != len(values):
        raise DatasetError(f"{where}: {len(values)} pixels are no square; FER2013 has 48 * 48")
    if values.min() < 0 or values.max() > 255:
        raise DatasetError(
            f"{where}: pixels go from {values.min()} to {values.max()}; wanted 0 to 255"
        )
    return values.astype(np.uint8).reshape(side, side)


def _parse_label(text: str | None, where: str) -> int:
    try:
        label = int(text or "")
    except ValueError:
        label = -1
    if not 0 <= label < len(FER2013):
        raise DatasetError(
            f"{where}: emotion is '{text}'; wanted 0 to {len(FER2013) - 1} ({', '.join(FER2013)})"
        )
    return label


def _parse_usage(text: str, where: str) -> int:
    if text.strip() not in USAGES:
        raise DatasetError(f"{where}: Usage is '{text}'; wanted one of {', '.join(USAGES)}")
    return USAGES[text.strip()]


def _parse_count(text: str | None, where: str) -> int:
    try:
        count = int(text or "")
    except ValueError:
        count = -1
    if not 0 <= count <= 255:
        raise DatasetError(f"{where} is '{text}'; wanted a number of votes")
    return count
