"""Faces from elsewhere into a face set: fer2013.csv, class folders, another `.npz`."""

import dataclasses
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces import model_input
from fer_edge.faceset import FaceSet, load_faceset
from fer_edge.labels import FER2013

from .fer2013 import read_faces, read_votes
from .ferplus import relabel
from .splitting import split_off_validation

FOLDERS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 2}
"""Names of split folders to split codes."""

_UNSPLIT = (("train",), ("train", "test"))

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".pgm")
SIZE_PX = 48
DEFAULT_SHARE = 0.1
"""Of the training faces for validation, where there is no validation part."""

Progress = Callable[[int], None]


def import_faces(
    path: Path,
    *,
    size_px: int = SIZE_PX,
    validation_share: float | None = None,
    seed: int = 0,
    votes: Path | None = None,
    classes: Literal["own", "ferplus"] = "own",
    on_progress: Progress = lambda count: None,
) -> FaceSet:
    """Read faces from a csv, a folder or a `.npz`, by what `path` is.

    Args:
        path: fer2013.csv, a folder of `train/<class>/*.jpg` (and `validation/...`, `test/...`), a
            folder of `<class>/*.jpg`, or a `.npz` face set.
        size_px: Side to which pictures in folders are brought.
        validation_share: Of each class, taken out of the training faces; a validation part that is
            there joins the test part, and 0 takes none. None takes a tenth, and nothing if there
            is a validation part already.
        seed: Of that draw.
        votes: FER+'s fer2013new.csv, beside fer2013.csv.
        classes: own keeps the labels; ferplus takes FER+'s eight classes from the votes.
        on_progress: Called with the number of faces read since the last call.

    Raises:
        DatasetError: Something in it cannot be read; the message names the row or file.
    """
    try:
        faces = _read(path, size_px, on_progress)
        if votes is not None:
            if path.suffix.lower() != ".csv":
                raise DatasetError(f"votes follow the rows of fer2013.csv, and {path} is no csv")
            faces = dataclasses.replace(faces, votes=read_votes(votes, faces.split))
    except OSError as error:
        raise DatasetError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    if classes == "ferplus":
        faces = relabel(faces)
    if validation_share is None:
        validation_share = DEFAULT_SHARE if faces.split_names in _UNSPLIT else 0.0
    if validation_share == 0:
        return faces
    where = str(_train_folder(path)) if path.is_dir() else ""
    return split_off_validation(faces, share=validation_share, seed=seed, where=where)


def _read(path: Path, size_px: int, on_progress: Progress) -> FaceSet:
    if path.is_dir():
        return _read_folders(path, size_px, on_progress)
    if not path.exists():
        raise DatasetError(f"{path} does not exist; name a csv, a folder of classes or a .npz")
    if path.suffix.lower() == ".csv":
        return read_faces(path, on_progress)
    if path.suffix.lower() == ".npz":
        return load_faceset(path)
    raise DatasetError(
        f"{path} is neither .csv, .npz nor a folder; wanted fer2013.csv, a face set, or "
        "train/<class>/*.jpg"
    )


def _read_folders(root: Path, size_px: int, on_progress: Progress) -> FaceSet:
    parts = _parts(root)
    names = sorted({folder.name for part in parts for folder in _folders(part)})
    if len(names) < 2:
        raise DatasetError(
            f"{root} has {len(names)} class folder(s) ({', '.join(names) or 'none'}); "
            "wanted at least 2, as in train/happy/*.jpg"
        )
    _check_spelling(names, root)
    class_names = _order(names)
    images, labels, splits = [], [], []
    for part, code in parts.items():
        for label, name in enumerate(class_names):
            folder = part / name
            if not folder.is_dir():
                continue
            paths = sorted(path for path in folder.rglob("*") if _is_picture(path))
            if not paths:
                raise DatasetError(
                    f"class folder {folder} holds no picture ({', '.join(PICTURES)}); "
                    "fill it or remove it"
                )
            for path in paths:
                images.append(_read_face(path, size_px))
                labels.append(label)
                splits.append(code)
                on_progress(1)
    return FaceSet(
        np.stack(images), np.array(labels, np.uint8), np.array(splits, np.uint8), class_names
    )


def _order(names: list[str]) -> tuple[str, ...]:
    """Put FER2013's classes in FER2013's order, any others in the alphabet's."""
    if {name.lower() for name in names} <= set(FER2013):
        return tuple(sorted(names, key=lambda name: FER2013.index(name.lower())))
    return tuple(names)


def _read_face(path: Path, size_px: int) -> NDArray[np.uint8]:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    if image is None:
        raise DatasetError(f"{path} is not a picture that OpenCV can decode; remove or replace it")
    return model_input(image.astype(np.uint8, copy=False), size_px, size_px)[..., 0]


def _parts(root: Path) -> dict[Path, int]:
    """Return the folders that hold class folders, with their split codes."""
    parts = {
        folder: FOLDERS[folder.name.lower()]
        for folder in _folders(root)
        if folder.name.lower() in FOLDERS
    }
    return parts or {root: 0}


def _train_folder(root: Path) -> Path:
    return next((folder for folder, code in _parts(root).items() if code == 0), root)


def _folders(root: Path) -> Iterator[Path]:
    return (item for item in sorted(root.iterdir()) if item.is_dir() and item.name[0] != ".")


def _is_picture(path: Path) -> bool:
    # macOS leaves ._photo.jpg beside photo.jpg in its archives
    return path.suffix.lower() in PICTURES and path.name[0] != "."


def _check_spelling(names: list[str], root: Path) -> None:
    seen: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFC", name).casefold()
        other = seen.setdefault(plain, name)
        if other != name:
            raise DatasetError(
                f"{root} has class folders {other!r} and {name!r}, which differ only in capitals "
                "or in how accents are stored; give them one spelling"
            )
