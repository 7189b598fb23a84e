"""Faces in a CSV file: fer2013.csv and similar files."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.class_names import check_class_names
from fer_edge.faces.csv_table import Column, Header, Row, open_table
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013
from fer_edge.shown import printable

from .class_naming import Naming, in_order, meaning_of, name_classes, name_meanings
from .face_side import check_side
from .import_notes import Notes
from .split_words import CHOICES, split_code

_COLUMNS = (
    Column(("emotion", "emotions", "label", "labels", "class", "expression")),
    Column(("pixels", "pixel")),
    Column(("usage", "split", "set", "subset", "part"), is_needed=False),
)

_ADVICE = "put the pixels in quotes, separated by spaces"

_SHOWN = 20
"""Characters of a wrong cell in a message."""


@dataclass(frozen=True, slots=True)
class _Face:
    """A row that can be read; whether it is like the others is checked later."""

    where: str
    image: NDArray[np.uint8]
    name: int | str
    split: int


@dataclass(frozen=True, slots=True)
class _Broken:
    """A row that cannot be read."""

    where: str
    error: DatasetError


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
    found: list[_Face | _Broken] = []
    with open_table(path, _COLUMNS, "FER2013's emotion, pixels, Usage", _ADVICE) as (header, rows):
        _note_choice(header, notes)
        for row in rows:
            on_progress(1)
            try:
                found.append(_parse(row))
            except DatasetError as error:
                found.append(_Broken(row.where, error))
                if not notes.skips_broken:
                    break
    faces = _alike(found, naming, path, notes)
    if not faces:
        first = next((face.error for face in found if isinstance(face, _Broken)), None)
        raise DatasetError(
            f"{path} has a header but no readable rows; expected one face per row"
            + ("" if first is None else f"; first problem: {first}")
        )
    names, labels = _number([face.name for face in faces], naming, path, notes)
    notes.add_left_out(len(faces), Counter(), noun="rows")
    splits = np.array([face.split for face in faces], np.uint8)
    return FaceSet(np.stack([face.image for face in faces]), labels, splits, names)


def parse_part(text: str, where: str) -> int:
    """Return the split code of a row; train if it has none.

    Raises:
        DatasetError: The split is unknown.
    """
    code = split_code(text) if text.strip() else 0
    if code is None:
        raise DatasetError(f"{where}: Usage is '{text}'; expected {CHOICES}")
    return code


def _note_choice(header: Header, notes: Notes) -> None:
    """Note which columns are read if several fit."""
    if header.passed_over:
        read = ", ".join(header.names[place] for place in header.places if place is not None)
        notes.add(
            f"the columns {read} are read; not read, although fitting: "
            f"{', '.join(header.passed_over)}"
        )


def _parse(row: Row) -> _Face:
    label, pixels, part = row.found()
    image = _parse_pixels(pixels, row.where)
    name = _parse_class(label, row.where)
    return _Face(row.where, image, name, parse_part(part, row.where))


def _parse_class(text: str, where: str) -> int | str:
    """Read a class as a number or a name."""
    text = text.strip()
    if not text:
        raise DatasetError(f"{where}: emotion is ''; expected a number or a name")
    is_number = re.fullmatch(r"[+-]?\d{1,6}(\.0*)?", text, re.ASCII) is not None
    return int(float(text)) if is_number else text


def _alike(
    found: Sequence[_Face | _Broken], naming: Naming, path: Path, notes: Notes
) -> list[_Face]:
    """Return the faces that have the size and the form of class of most faces; skip the others.

    The majority decides, since the first row may be the wrong one.
    """
    faces = [face for face in found if isinstance(face, _Face)]
    sizes = Counter(face.image.size for face in faces)
    forms = Counter(type(face.name) for face in faces)
    kept: list[_Face] = []
    for face in found:
        error = face.error if isinstance(face, _Broken) else None
        if isinstance(face, _Face):
            try:
                _check_like(face, sizes.most_common(1)[0][0], forms.most_common(1)[0][0], naming)
            except DatasetError as wrong:
                error = wrong
            else:
                kept.append(face)
        if error is not None:
            notes.skip(face.where.removeprefix(f"{path}, "), error)
    return kept


def _check_like(face: _Face, pixels: int, form: type[int | str], naming: Naming) -> None:
    if face.image.size != pixels:
        raise DatasetError(
            f"{face.where}: the face has {face.image.size} pixels, most faces have {pixels}; "
            "expected faces of one size"
        )
    if not isinstance(face.name, form):
        kind = "numbers" if form is int else "names"
        raise DatasetError(
            f"{face.where}: emotion is '{printable(face.name, _SHOWN)}'; expected one of {kind}, "
            "as in most rows"
        )
    if isinstance(face.name, int):
        meaning_of(face.name, naming, f"{face.where}: emotion")


def _number(
    classes: list[int | str], naming: Naming, path: Path, notes: Notes
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Return class names and labels."""
    numbers = [value for value in classes if isinstance(value, int)]
    if numbers:
        meanings = naming.meanings or FER2013
        check_class_names(meanings)
        ordered, place_of = name_meanings(meanings, naming, str(path), notes)
        check_class_names(ordered)
        return ordered, np.array(place_of, np.uint8)[numbers]
    names = name_classes((str(value) for value in classes), naming, str(path), notes)
    ordered = in_order(names.values())
    check_class_names(ordered)
    place = {name: ordered.index(standard) for name, standard in names.items()}
    return ordered, np.array([place[str(value)] for value in classes], np.uint8)


def _parse_pixels(text: str, where: str) -> NDArray[np.uint8]:
    words = text.split()
    try:
        values = np.array([int(word) for word in words])
    except ValueError:
        values = None
    if values is None or (values.size and not 0 <= values.min() <= values.max() <= 255):
        place = next(place for place, word in enumerate(words) if not _is_pixel(word))
        shown = printable(words[place], _SHOWN) + ("..." if len(words[place]) > _SHOWN else "")
        raise DatasetError(
            f"{where}: pixel {place + 1} is '{shown}', expected a whole number from 0 to 255, "
            "with spaces between the pixels"
        )
    side = round(len(values) ** 0.5)
    if side == 0 or side * side != len(values):
        raise DatasetError(
            f"{where}: {len(values)} pixels do not form a square; FER2013 has 48 * 48"
        )
    check_side(side, side, where)
    return values.astype(np.uint8).reshape(side, side)


def _is_pixel(word: str) -> bool:
    try:
        return 0 <= int(word) <= 255
    except ValueError:
        return False
