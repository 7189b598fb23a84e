"""Import into a face set: fer2013.csv, class folders, another `.npz`."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_edge.errors import ConfigError, DatasetError
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.faces.preprocess import resized
from fer_edge.limits import PICTURE_PX

from .class_folders import find_layout
from .class_naming import Naming, name_meanings
from .csv_faces import read_faces
from .fer2013 import read_votes
from .ferplus import relabel
from .folder_faces import read_folders
from .import_notes import Notes
from .import_options import ImportOptions
from .source_kind import SourceKind, source_kind
from .splitting import split_off_validation

_UNSPLIT = (("train",), ("train", "test"))

SIZE_PX = 48
DEFAULT_SHARE = 0.1
"""Share of the training faces for validation, if there is no validation split."""

_ADVICE_FOR_NUMBERS = (
    "if the numbers stand for other classes, pass their names: --labels NAME,NAME,... starting "
    "with number 0"
)

_ADVICE_FOR_LABELS = "check the names of --labels and their order"

Progress = Callable[[int], object]

_PLAIN = ImportOptions()


def import_faces(
    path: str | Path,
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
        ConfigError: `labels` are for numbers, and the faces have names; FER+'s classes need votes;
            or votes are given for a source that is not a CSV file.
        MissingExtraError: A picture needs a library that is not installed.
    """
    path = Path(path)
    notes = Notes(skips_broken=options.skip_broken)
    try:
        kind = source_kind(path)
        faces, where = _read_source(path, kind, options, notes, on_progress)
    except OSError as error:
        raise DatasetError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    if options.classes == "ferplus":
        faces = relabel(faces)
    advice = ""
    if kind == "table" and options.classes != "ferplus":
        advice = _ADVICE_FOR_NUMBERS if options.labels is None else _ADVICE_FOR_LABELS
    share = options.validation_share
    if share is None:
        share = DEFAULT_SHARE if faces.split_names in _UNSPLIT else 0.0
    if share:
        faces = split_off_validation(
            faces, share=share, seed=options.seed, where=where, unused_advice=advice
        )
    if note := untrained_classes(faces, advice):
        notes.add(note)
    notes.tell()
    return faces


def _read_source(
    path: Path, kind: SourceKind, options: ImportOptions, notes: Notes, on_progress: Progress
) -> tuple[FaceSet, str]:
    """Return the faces, with votes if there are any, and the folder of the training split."""
    # the classes of FER+ replace those of the source
    naming = Naming(keeps_names=options.classes != "own", meanings=options.labels)
    if options.votes is not None and kind != "table":
        raise ConfigError(f"votes belong to the rows of fer2013.csv, but {path} is not a CSV file")
    if kind == "folder":
        layout = find_layout(path, notes)
        faces = read_folders(
            layout,
            path,
            size_px=options.size_px or SIZE_PX,
            naming=naming,
            notes=notes,
            limit_px=options.limit_px or PICTURE_PX,
            on_progress=on_progress,
        )
        return faces, str(layout.train)
    if kind == "table":
        faces = read_faces(path, naming=naming, notes=notes, on_progress=on_progress)
    else:
        faces = _read_faceset(path, naming, notes)
    faces = _resized(faces, options.size_px)
    if options.votes is not None:
        faces = dataclasses.replace(faces, votes=read_votes(Path(options.votes), faces.split))
    return faces, ""


def untrained_classes(faces: FaceSet, unused_advice: str = "") -> str:
    """Describe the classes without a training face; empty if all have some, or none has.

    Args:
        faces: The face set.
        unused_advice: Next step if a class has no face in any split.
    """
    counts = faces.counts()
    names = [name for name, n in zip(faces.class_names, counts[0], strict=True) if not n]
    if not names or not counts[0].any():
        return ""
    advice = "add faces, or correct the spelling of the classes"
    if unused_advice and not counts.any(axis=0).all():
        advice = unused_advice
    return f"no training face: {', '.join(names)}; a model cannot learn them: {advice}"


def _read_faceset(path: Path, naming: Naming, notes: Notes) -> FaceSet:
    if naming.meanings is not None:
        raise ConfigError(f"{path} contains class names; omit --labels")
    faces = load_faceset(path)
    names, places = name_meanings(faces.class_names, naming, str(path), notes)
    if names == faces.class_names:
        return faces
    labels = np.array(places, np.uint8)[faces.labels]
    return dataclasses.replace(faces, labels=labels, class_names=names)


def _resized(faces: FaceSet, size_px: int | None) -> FaceSet:
    if size_px is None or faces.images.shape[1:] == (size_px, size_px):
        return faces
    images = np.stack([resized(image, size_px, size_px)[..., 0] for image in faces.images])
    smaller = dataclasses.replace(faces, images=images, twins=None)
    if faces.twins is None:
        return smaller
    # faces that are identical after resizing come on top of those that were marked before
    return dataclasses.replace(smaller, twins=faces.twins | smaller.duplicates)
