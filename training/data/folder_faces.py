"""Faces in class folders."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError, SourceError
from fer_edge.faces.class_names import check_class_names
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import resized
from fer_edge.limits import PICTURE_PX
from fer_edge.pictures.folder import (
    FoundPictures,
    describe_kinds,
    files_in,
    pictures_in,
    sort_out,
)
from fer_edge.pictures.picture import read_picture

from .class_folders import Layout
from .class_naming import Naming, in_order, name_classes
from .face_side import check_side
from .import_notes import Notes

_SQUARE = 1.1
"""Ratio of the sides up to which a picture counts as square: detectors are off by some pixels."""


def read_folders(
    layout: Layout,
    root: Path,
    *,
    size_px: int,
    naming: Naming,
    notes: Notes,
    limit_px: int = PICTURE_PX,
    on_progress: Callable[[int], object],
) -> FaceSet:
    """Read the pictures of class folders as gray faces of one size.

    Skipped files are noted in one line, unused folders in another.

    Raises:
        DatasetError: There are too few or too many classes, one is empty or has a name that cannot
            be shown, or a picture is damaged.
        MissingExtraError: A picture needs a library that is not installed.
    """
    found = sorted({folder.path.name for folder in layout.folders})
    names = name_classes(found, naming, str(root), notes)
    ordered = in_order(names.values())
    if len(ordered) < 2:
        raise DatasetError(
            f"{root} has {len(ordered)} class folder(s) ({', '.join(ordered) or 'none'}); "
            "expected at least 2, for example train/happy/*.jpg"
        )
    check_class_names(ordered)  # before minutes of reading
    left_out = _left_out(layout, notes)
    images, labels, splits = list[NDArray[np.uint8]](), list[int](), list[int]()
    squeezed: list[Path] = []
    for folder in layout.folders:
        pictures = _pictures(folder.path)
        left_out += pictures.left_out
        for path in pictures.pictures:
            on_progress(1)
            try:
                picture = _read_face(path, limit_px)
            except DatasetError as error:
                notes.skip(str(path), error)
                continue
            height, width = picture.shape[:2]
            if max(height, width) > _SQUARE * min(height, width):
                squeezed.append(path)
            images.append(resized(picture, size_px, size_px)[..., 0])
            labels.append(ordered.index(names[folder.path.name]))
            splits.append(folder.split)
    if not images:
        raise DatasetError(f"{root} has no readable picture")
    notes.add_left_out(len(images), left_out, noun="files")
    if squeezed:
        notes.add(
            f"{len(squeezed)} of {len(images)} pictures are not square (such as {squeezed[0]}) and "
            "are squeezed to a square; crop the faces first"
        )
    return FaceSet(
        np.stack(images), np.array(labels, np.uint8), np.array(splits, np.uint8), ordered
    )


def _left_out(layout: Layout, notes: Notes) -> Counter[str]:
    """Count the files outside the class folders, and note unused folders."""
    beside = sort_out(layout.beside)
    left_out = beside.left_out + Counter({"outside class folders": len(beside.pictures)})
    if layout.unused:
        notes.add(
            f"unused folders: {', '.join(map(str, layout.unused))}; expected splits such as "
            "train, validation and test, each with one folder per class"
        )
        unused = sum(1 for folder in layout.unused for _ in files_in(folder))
        left_out["in unused folders"] = unused
    return left_out


def _pictures(folder: Path) -> FoundPictures:
    found = pictures_in(folder)
    if not found.pictures:
        got = f" but {describe_kinds(found.left_out)}" if found.left_out else ""
        raise DatasetError(
            f"class folder {folder} has no readable picture{got}; add some or remove it"
        )
    return found


def _read_face(path: Path, limit_px: int) -> NDArray[np.uint8]:
    try:
        image = read_picture(path, limit_px=limit_px)
    except SourceError as error:
        raise DatasetError(f"{error}; remove or replace it, or pass --skip-broken") from error
    check_side(image.shape[0], image.shape[1], f"picture {path}")
    return image
