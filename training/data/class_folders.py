"""The class folders of a face set, and the split of each."""

import re
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import SPLITS
from fer_edge.faces.labels import FER2013, standard_name
from fer_edge.pictures.folder import is_hidden
from fer_edge.pictures.kinds import is_picture_file

from .import_notes import Notes
from .split_words import split_code

_OWN_NAMES = frozenset((*SPLITS, "training", "valid", "val", "testing"))
"""Folders with these names are not reported."""

_NUMBERED = re.compile(r"\D+\d+")
"""Such as subject12, fold_1 or cam2; a bare number may be a class."""


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder with the faces of one class.

    Attributes:
        path: Path of the folder.
        split: Index of the split in `fer_edge.faces.faceset.SPLITS`.
    """

    path: Path
    split: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A face set in folders.

    Attributes:
        folders: Class folders, split by split.
        beside: Files next to the class folders.
        unused: Folders that are neither a split nor a class.
        train: Folder that contains the class folders of the training split.
    """

    folders: tuple[ClassFolder, ...]
    beside: tuple[Path, ...]
    unused: tuple[Path, ...]
    train: Path


def find_layout(root: Path, notes: Notes) -> Layout:
    """Find class folders: in splits such as train/ and test/, at the root, or both.

    A single folder that is neither a split nor a class is entered.

    Args:
        root: The face set.
        notes: Gets a line about splits that are renamed or merged, and about folders that may be
            the classes.

    Raises:
        DatasetError: The folders are in another order: classes above splits, or subjects, folds
            or cameras above classes.
        OSError: A folder cannot be listed.
    """
    root, passed = _step_in(root)
    folders = folders_in(root)
    parts = {folder: code for folder in folders if (code := _split(folder)) is not None}
    if parts:
        others = [folder for folder in folders if folder not in parts]
        return _layout_of_parts(root, parts, others, passed, notes)
    _check_order(root, folders)
    _check_groups(folders, notes)
    classes = tuple(ClassFolder(folder, 0) for folder in folders)
    return Layout(classes, tuple(_files_in(root)), tuple(passed), root)


def _layout_of_parts(
    root: Path, parts: dict[Path, int], others: list[Path], passed: list[Path], notes: Notes
) -> Layout:
    places = {part: _step_in(part, is_part=True)[0] for part in parts}
    used = {part: code for part, code in parts.items() if folders_in(places[part])}
    found = [
        ClassFolder(folder, code)
        for part, code in used.items()
        for folder in folders_in(places[part])
    ]
    if 0 not in used.values() and _share_classes(others, found):
        names = ", ".join(folder.name for folder in others)
        notes.add(
            f"{root} has no train folder: {names}, next to the other splits, are used as train"
        )
        found = [*(ClassFolder(folder, 0) for folder in others), *found]
        others = []
    _check_groups([folder.path for folder in found], notes)
    _note_parts(used, notes)
    beside = [file for place in (root, *map(places.__getitem__, used)) for file in _files_in(place)]
    unused = (*passed, *others, *(part for part in parts if part not in used))
    train = next((places[part] for part, code in used.items() if code == 0), root)
    return Layout(tuple(found), tuple(beside), unused, train)


def folders_in(folder: Path) -> list[Path]:
    """List the subfolders of a folder, without hidden ones, sorted by name."""
    return [
        item
        for item in sorted(folder.iterdir())
        if not is_hidden(item.name, is_folder=True) and item.is_dir()
    ]


def _files_in(folder: Path) -> list[Path]:
    return [
        item for item in sorted(folder.iterdir()) if not is_hidden(item.name) and item.is_file()
    ]


def _split(folder: Path) -> int | None:
    return split_code(folder.name)


def _step_in(root: Path, *, is_part: bool = False) -> tuple[Path, list[Path]]:
    """Go down to the folder with splits or classes; return it and the skipped files."""
    passed: list[Path] = []
    while True:
        folders = folders_in(root)
        if any(_split(folder) is not None for folder in folders) and not is_part:
            return root, passed
        deeper = [f for f in folders if len(folders) == 1 or (_has_parts(f) and not is_part)]
        if len(deeper) != 1 or _is_class(deeper[0]):
            return root, passed
        passed += [folder for folder in folders if folder != deeper[0]]
        root = deeper[0]


def _has_parts(folder: Path) -> bool:
    return any(_split(inner) is not None for inner in folders_in(folder))


def _is_class(folder: Path) -> bool:
    """Return whether a folder is a class, not a level above the classes."""
    is_known = _is_known(folder.name)
    return is_known or not folders_in(folder) or any(map(is_picture_file, _files_in(folder)))


def _check_order(root: Path, classes: list[Path]) -> None:
    mixed = [folder for folder in classes if _has_parts(folder)]
    if mixed:
        inner = next(item for item in folders_in(mixed[0]) if _split(item) is not None)
        raise DatasetError(
            f"{root} has {mixed[0].name}/{inner.name}; expected splits above classes, for "
            f"example {inner.name}/{mixed[0].name}; if {mixed[0].name} is a face set, import it "
            "separately"
        )


def _check_groups(classes: list[Path], notes: Notes) -> None:
    """Check that the class folders are not subjects, folds or cameras with classes inside."""
    inside: dict[str, set[str]] = {}
    for folder in classes:
        if not _is_known(folder.name):
            inside.setdefault(folder.name, set()).update(i.name for i in folders_in(folder))
    if not inside or not all(inside.values()):
        return
    outer = next(iter(inside))
    shown = [name for name in sorted(inside[outer]) if _is_known(name)]
    shared = sorted(set.intersection(*inside.values()))
    if not all(any(map(_is_known, names)) for names in inside.values()):
        shown = []
        if len(inside) < 2 or any(_is_known(folder.name) for folder in classes):
            return
        if all(map(_NUMBERED.fullmatch, inside)):
            shown = [name for name in shared if not _NUMBERED.fullmatch(name)]
    order = "classes above subjects, folds or cameras"
    if shown:
        raise DatasetError(
            f"{next(f for f in classes if f.name == outer)} contains the folder {shown[0]}, which "
            f"seems to be a class; expected {order}, for example {shown[0]}/{outer}"
        )
    if shared:
        notes.add(
            f"the classes are {', '.join(inside)}, and all contain {', '.join(shared)}; if these "
            f"are the classes, expected {order}, for example {shared[0]}/{outer}"
        )


def _is_known(name: str) -> bool:
    return standard_name(name) in FER2013


def _share_classes(others: list[Path], found: list[ClassFolder]) -> bool:
    """Return whether a folder has the name of a known class; then all its siblings are classes."""
    known = {*FER2013, *(standard_name(folder.path.name) for folder in found)}
    return any(standard_name(folder.name) in known for folder in others)


def _note_parts(parts: dict[Path, int], notes: Notes) -> None:
    """Note how folders map to splits if their names differ or several are merged."""
    names = [[folder.name for folder in parts if parts[folder] == code] for code in range(3)]
    told = [
        f"{' and '.join(same)} as {split}"
        for split, same in zip(SPLITS, names, strict=True)
        if len(same) > 1 or any(name.lower() not in _OWN_NAMES for name in same)
    ]
    if told:
        notes.add(f"folders are read so: {', '.join(told)}")
