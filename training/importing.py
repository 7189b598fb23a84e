"""Faces from elsewhere into a face set: fer2013.csv, class folders, another `.npz`."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces import model_input
from fer_edge.faceset import SPLITS, FaceSet, load_faceset
from fer_edge.labels import FER2013

USAGES = {"Training": 0, "PublicTest": 1, "PrivateTest": 2}
"""FER2013's `Usage` to split codes."""

FOLDERS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 2}
"""Names of split folders to split codes."""

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".pgm")
SIZE_PX = 48

Progress = Callable[[int], None]


def import_faces(
    path: Path,
    *,
    size_px: int = SIZE_PX,
    validation_share: float = 0.1,
    seed: int = 0,
    on_progress: Progress = lambda count: None,
) -> FaceSet:
    """Read faces from a csv, a folder or a `.npz`, by what `path` is.

    Args:
        path: fer2013.csv, a folder of `train/<class>/*.jpg` (and `validation/...`, `test/...`), a
            folder of `<class>/*.jpg`, or a `.npz` face set.
        size_px: Side to which pictures in folders are brought.
        validation_share: Of each class, taken out of the training faces when there is neither a
            validation nor a test part. A test part alone stays a test part.
        seed: Of that draw.
        on_progress: Called with the number of faces read since the last call.

    Raises:
        DatasetError: Something in it cannot be read; the message names the row or file.
    """
    if path.is_dir():
        faces = _read_folders(path, size_px, on_progress)
    elif not path.exists():
        raise DatasetError(f"{path} does not exist; name a csv, a folder of classes or a .npz")
    elif path.suffix.lower() == ".csv":
        faces = _read_csv(path, on_progress)
    elif path.suffix.lower() == ".npz":
        faces = load_faceset(path)
    else:
        raise DatasetError(
            f"{path} is neither .csv, .npz nor a folder; wanted fer2013.csv, a face set, or "
            "train/<class>/*.jpg"
        )
    if "validation" not in faces.split_names and validation_share > 0:
        return split_off_validation(faces, share=validation_share, seed=seed)
    return faces


def split_off_validation(faces: FaceSet, *, share: float, seed: int) -> FaceSet:
    """Move a share of each class from `train` to `validation`, at least one face of each.

    Raises:
        DatasetError: A class has fewer than two training faces.
    """
    split = faces.split.copy()
    random = np.random.default_rng(seed)
    for label, name in enumerate(faces.class_names):
        rows = np.flatnonzero((faces.labels == label) & (faces.split == 0))
        if len(rows) < 2:
            raise DatasetError(
                f"class '{name}' has {len(rows)} training face(s); wanted at least 2, one to "
                "train on and one to validate on"
            )
        split[random.permutation(rows)[: max(1, round(share * len(rows)))]] = 1
    return FaceSet(faces.images, faces.labels, split, faces.class_names, faces.votes)


def _read_csv(path: Path, on_progress: Progress) -> FaceSet:
    images, labels, splits = [], [], []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.DictReader(file)
        header = rows.fieldnames or []
        missing = [name for name in ("emotion", "pixels") if name not in header]
        if missing:
            raise DatasetError(
                f"{path} has no column {', '.join(missing)}; its header is {', '.join(header)}; "
                "wanted FER2013's emotion, pixels, Usage"
            )
        try:
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                images.append(_parse_pixels(row["pixels"], where))
                labels.append(_parse_label(row["emotion"], where))
                splits.append(_parse_usage(row.get("Usage") or "Training", where))
                on_progress(1)
        except csv.Error as error:
            raise DatasetError(f"{path}, line {rows.line_num}: {error}") from error
    if not images:
        raise DatasetError(f"{path} has a header and no rows; wanted one face per row")
    if len({image.shape for image in images}) > 1:
        raise DatasetError(f"{path} has faces of different sizes; wanted one size for all")
    return FaceSet(
        np.stack(images), np.array(labels, np.uint8), np.array(splits, np.uint8), FER2013
    )


def _parse_pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    try:
        values = np.array([int(value) for value in (text or "").split()])
    except ValueError as error:
        raise DatasetError(f"{where}: pixels hold something that is no number: {error}") from error
    side = round(len(values) ** 0.5)
    if side == 0 or side * side != len(values):
        raise DatasetError(
            f"{where}: {len(values)} pixels are no square; FER2013 has {SIZE_PX * SIZE_PX}"
        )
    if values.min() < 0 or values.max() > 255:
        raise DatasetError(
            f"{where}: pixels go from {values.min()} to {values.max()}; wanted 0 to 255"
        )
    return values.astype(np.uint8).reshape(side, side)


def _parse_label(text: str | None, where: str) -> int:
    if not (text or "").strip().isdigit() or int(text or "") >= len(FER2013):
        raise DatasetError(
            f"{where}: emotion is '{text}'; wanted 0 to {len(FER2013) - 1} ({', '.join(FER2013)})"
        )
    return int(text or "")


def _parse_usage(text: str, where: str) -> int:
    if text.strip() not in USAGES:
        raise DatasetError(f"{where}: Usage is '{text}'; wanted one of {', '.join(USAGES)}")
    return USAGES[text.strip()]


def _read_folders(root: Path, size_px: int, on_progress: Progress) -> FaceSet:
    parts = {folder: FOLDERS[folder.name.lower()] for folder in _folders(root) if _is_split(folder)}
    if not parts:
        parts = {root: 0}
    names = sorted({folder.name for part in parts for folder in _folders(part)})
    if len(names) < 2:
        raise DatasetError(
            f"{root} has {len(names)} class folder(s) ({', '.join(names) or 'none'}); "
            "wanted at least 2, as in train/happy/*.jpg"
        )
    class_names = _order(names)
    images, labels, splits = [], [], []
    for part, code in parts.items():
        for label, name in enumerate(class_names):
            folder = part / name
            if not folder.is_dir():
                continue
            paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)
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


def _folders(root: Path) -> Iterator[Path]:
    return (item for item in sorted(root.iterdir()) if item.is_dir() and item.name[0] != ".")


def _is_split(folder: Path) -> bool:
    return folder.name.lower() in FOLDERS


def count_table(faces: FaceSet) -> str:
    """Write faces per split and class as a table for people."""
    width = max(len(name) for name in (*faces.class_names, "without twin"))
    header = " " * width + "".join(f"{name:>12}" for name in SPLITS)
    counts = faces.counts()
    lines = [header]
    for label, name in enumerate(faces.class_names):
        lines.append(f"{name:{width}}" + "".join(f"{count:12,}" for count in counts[:, label]))
    lines.append(f"{'all':{width}}" + "".join(f"{count:12,}" for count in counts.sum(axis=1)))
    clean = [int(((faces.split == code) & ~faces.duplicates).sum()) for code in range(len(SPLITS))]
    lines.append(f"{'without twin':{width}}" + "".join(f"{count:12,}" for count in clean))
    return "\n".join(lines)
