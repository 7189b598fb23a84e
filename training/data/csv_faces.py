"""Faces in a CSV file: fer2013.csv and similar files."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013

from .class_naming import Naming, in_order, meaning_of, name_classes
from .csv_table import Column, Row, read_rows
from .import_notes import Notes
from .split_words import CHOICES, split_code

_COLUMNS = (
    Column(("emotion", "emotions", "label", "labels", "class", "expression")),
    Column(("pixels", "pixel")),
    Column(("usage", "split", "set", "subset", "part"), is_needed=False),
)


def read_faces(
    path: Path,
    *,
    naming: Naming,
    notes: Notes,
    on_progress: Callable[[int], object],
) -> FaceSet:
    """Read a CSV file with one face per row: its class, its gray pixels, optionally its split.

    The class is a number, as in FER2013, or a name. Without a split column all faces are train.

    Raises:
        DatasetError: A row cannot be read; the message names its line.
    """
    images: list[NDArray[np.uint8]] = []
    classes: list[int | str] = []
    splits: list[int] = []
    for row in read_rows(path, _COLUMNS, "FER2013's emotion, pixels, Usage"):
        on_progress(1)
        try:
            image, name, split = _parse(
                row, images[0] if images else None, classes[0] if classes else None
            )
            if isinstance(name, int):
                meaning_of(name, naming, f"{row.where}: emotion")
        except DatasetError as error:
            notes.skip(row.where.removeprefix(f"{path}, "), error)
            continue
        images.append(image)
        classes.append(name)
        splits.append(split)
    if not images:
        raise DatasetError(f"{path} has a header but no readable rows; expected one face per row")
    names, labels = _number(classes, naming, path, notes)
    notes.add_left_out(len(images), Counter(), noun="rows")
    return FaceSet(np.stack(images), labels, np.array(splits, np.uint8), names)


def parse_part(text: str, where: str) -> int:
    """Return the split code of a row; train if it has none.

    Raises:
        DatasetError: The split is unknown.
    """
    code = split_code(text) if text.strip() else 0
    if code is None:
        raise DatasetError(f"{where}: Usage is '{text}'; expected {CHOICES}")
    return code


def _parse(
    row: Row, image: NDArray[np.uint8] | None, other: int | str | None
) -> tuple[NDArray[np.uint8], int | str, int]:
    label, pixels, part = row.cells
    face = _parse_pixels(pixels, row.where)
    if image is not None and face.shape != image.shape:
        raise DatasetError(
            f"{row.where}: the face has {face.size} pixels, earlier faces have {image.size}; "
            "expected faces of one size"
        )
    return face, _parse_class(label, other, row.where), parse_part(part, row.where)


def _parse_class(text: str, other: int | str | None, where: str) -> int | str:
    """Read a class as a number or a name, in the form of earlier rows."""
    text = text.strip()
    is_number = re.fullmatch(r"[+-]?\d{1,6}(\.0*)?", text, re.ASCII) is not None
    if not text or (other is not None and is_number != isinstance(other, int)):
        before = "numbers" if isinstance(other, int) else "names"
        expected = f"one of {before}, as in earlier rows" if text else "a number or a name"
        raise DatasetError(f"{where}: emotion is '{text}'; expected {expected}")
    return int(float(text)) if is_number else text


def _number(
    classes: list[int | str], naming: Naming, path: Path, notes: Notes
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Return class names and labels."""
    numbers = [value for value in classes if isinstance(value, int)]
    if numbers:
        return naming.meanings or FER2013, np.array(numbers, np.uint8)
    if naming.meanings is not None:
        raise DatasetError(
            f"{path} contains class names ({classes[0]}, ...), but --labels is for numbers; omit it"
        )
    names = name_classes((str(value) for value in classes), naming, str(path), notes)
    ordered = in_order(names.values())
    place = {name: ordered.index(standard) for name, standard in names.items()}
    if len(ordered) > 256:
        raise DatasetError(f"{path} has {len(ordered)} classes; expected 2 to 256")
    return ordered, np.array([place[str(value)] for value in classes], np.uint8)


def _parse_pixels(text: str, where: str) -> NDArray[np.uint8]:
    try:
        values = np.array([int(value) for value in text.split()])
    except ValueError as error:
        raise DatasetError(f"{where}: pixels are not all numbers: {error}") from error
    side = round(len(values) ** 0.5)
    if side == 0 or side * side != len(values):
        raise DatasetError(
            f"{where}: {len(values)} pixels do not form a square; FER2013 has 48 * 48"
        )
    if values.min() < 0 or values.max() > 255:
        raise DatasetError(
            f"{where}: pixel values range from {values.min()} to {values.max()}; expected 0 to 255"
        )
    return values.astype(np.uint8).reshape(side, side)
