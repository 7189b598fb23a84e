"""Import into a face set: fer2013.csv, class folders, another `.npz`."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.faces.preprocess import resized
from fer_edge.limits import PICTURE_PX

from .class_folders import find_layout
from .class_naming import Classes, Naming
from .csv_faces import read_faces
from .fer2013 import read_votes
from .ferplus import relabel
from .folder_faces import read_folders
from .import_notes import Notes
from .splitting import split_off_validation

_UNSPLIT = (("train",), ("train", "test"))

SIZE_PX = 48
DEFAULT_SHARE = 0.1
"""Share of the training faces for validation, if there is no validation split."""

_ADVICE_FOR_NUMBERS = (
    "if the numbers stand for other classes, pass their names: --labels NAME,NAME,... starting "
    "with number 0"
)

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import."""

    size_px: int | None = None
    """Side to which faces are resized. None: 48 for pictures in folders; faces in a CSV file or a
    `.npz` keep their size."""
    validation_share: float | None = None
    """Share of each class that is moved from train to validation; an existing validation split is
    added to test, and 0 moves nothing. None moves a tenth, or nothing if there is a validation
    split."""
    seed: int = 0
    """Random seed of that split."""
    votes: Path | None = None
    """FER+'s fer2013new.csv, for fer2013.csv."""
    classes: Classes = "own"
    """own: the existing classes, with synonyms of FER2013's (anger, fearful, ...) renamed to
    FER2013's names; as-named: all names unchanged; ferplus: the eight classes of FER+, from the
    votes."""
    labels: tuple[str, ...] | None = None
    """Names for the numbers of a CSV file, or of folders, from 0 on. None: FER2013's."""
    skip_broken: bool = False
    """Whether to skip unreadable files and rows, and log their number."""
    limit_px: int | None = None
    """Largest picture in pixels; larger ones are rejected before decoding. None: 120 million."""


_PLAIN = ImportOptions()


def import_faces(
    path: Path,
    options: ImportOptions = _PLAIN,
    *,
    on_progress: Progress = lambda count: None,
) -> FaceSet:
    """Read faces from a CSV file, a folder or a `.npz`, depending on `path`.

    Args:
        path: fer2013.csv, a folder of `train/<class>/*.jpg` (and `validation/...`, `test/...`), a
            folder of `<class>/*.jpg`, or a `.npz` face set.
        options: Options of the import.
        on_progress: Called with the number of faces read since the last call.

    Raises:
        DatasetError: Something cannot be read; the message names the row or file.
        MissingExtraError: A picture needs a library that is not installed.
    """
    naming = Naming(keeps_names=options.classes == "as-named", meanings=options.labels)
    notes = Notes(skips_broken=options.skip_broken)
    where, is_table = "", path.suffix.lower() == ".csv"
    try:
        if path.is_dir():
            layout = find_layout(path, notes)
            where = str(layout.train)
            faces = read_folders(
                layout,
                path,
                size_px=options.size_px or SIZE_PX,
                naming=naming,
                notes=notes,
                limit_px=options.limit_px or PICTURE_PX,
                on_progress=on_progress,
            )
        else:
            faces = _resized(_read_file(path, naming, notes, on_progress), options.size_px)
        if options.votes is not None:
            faces = _with_votes(faces, path, options.votes)
    except OSError as error:
        raise DatasetError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    if options.classes == "ferplus":
        faces = relabel(faces)
    share = options.validation_share
    if share is None:
        share = DEFAULT_SHARE if faces.split_names in _UNSPLIT else 0.0
    if share:
        advice = _ADVICE_FOR_NUMBERS if is_table and options.labels is None else ""
        faces = split_off_validation(
            faces, share=share, seed=options.seed, where=where, unused_advice=advice
        )
    notes.tell()
    return faces


def _read_file(path: Path, naming: Naming, notes: Notes, on_progress: Progress) -> FaceSet:
    if not path.exists():
        raise DatasetError(
            f"{path} does not exist; expected a CSV file, a folder of class folders or a .npz"
        )
    if path.suffix.lower() == ".csv":
        return read_faces(path, naming=naming, notes=notes, on_progress=on_progress)
    if path.suffix.lower() == ".npz":
        if naming.meanings is not None:
            raise DatasetError(f"{path} contains class names; omit --labels")
        return load_faceset(path)
    raise DatasetError(
        f"{path} is neither .csv, .npz nor a folder; expected fer2013.csv, a face set, or "
        "train/<class>/*.jpg"
    )


def _resized(faces: FaceSet, size_px: int | None) -> FaceSet:
    if size_px is None or faces.images.shape[1:] == (size_px, size_px):
        return faces
    images = np.stack([resized(image, size_px, size_px)[..., 0] for image in faces.images])
    smaller = dataclasses.replace(faces, images=images, twins=None)
    if faces.twins is None:
        return smaller
    # faces that are identical after resizing come on top of those that were marked before
    return dataclasses.replace(smaller, twins=faces.twins | smaller.duplicates)


def _with_votes(faces: FaceSet, path: Path, votes: Path) -> FaceSet:
    if path.suffix.lower() != ".csv":
        raise DatasetError(f"votes belong to the rows of fer2013.csv, but {path} is not a CSV file")
    return dataclasses.replace(faces, votes=read_votes(votes, faces.split))
