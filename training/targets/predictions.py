"""Predictions of a teacher that were stored in a file, as targets.

A teacher does not have to be a Keras network: an ensemble of another framework, or networks that
never saw the face that they predict (cross-fitting), give one distribution per face, which a `.npz`
file stores. A face is found by its pixels, so that order and selection of the rows do not matter.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.archives import ArchiveError, check_archive_file
from fer_edge.errors import DatasetError, TrainingError
from fer_edge.faces.class_names import check_class_names, read_class_names
from fer_edge.files import UNREADABLE_ARCHIVE, check_no_named_pipe, whole_file

SUFFIX = ".npz"
_DIGEST_BYTES = 16
_UNREADABLE = (*UNREADABLE_ARCHIVE, ArchiveError, TypeError, LookupError, SyntaxError)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Stored distributions of faces.

    Attributes:
        name: File, for messages.
        labels: Classes in output order.
        digests: Bytes, (n,), of the pixels of each face, in ascending order.
        rows: float32, (n, classes), the distribution of each face; of equal digests the last holds.
    """

    name: str
    labels: tuple[str, ...]
    digests: NDArray[np.bytes_]
    rows: NDArray[np.float32]

    def of(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the distributions of faces, float32 (n, classes).

        Args:
            images: uint8, (n, height, width), gray.

        Raises:
            TrainingError: A face is not in the file.
        """
        asked = _as_texts(_digests(images))
        places = np.searchsorted(self.digests, asked, side="right") - 1
        known = np.zeros(len(asked), bool)
        if len(self.digests):
            known = self.digests[np.maximum(places, 0)] == asked
        if not known.all():
            raise TrainingError(
                f"teacher {self.name} has no prediction for {(~known).sum():,} of "
                f"{len(known):,} training faces; expected one for each; store them again"
            )
        found: NDArray[np.float32] = self.rows[places]
        return found


def save_predictions(
    images: NDArray[np.uint8],
    probabilities: NDArray[np.floating[Any]],
    labels: tuple[str, ...],
    path: str | Path,
) -> None:
    """Write the predictions for faces, completely or not at all.

    Args:
        images: uint8, (n, height, width), gray, as in the face set.
        probabilities: float, (n, classes), each row sums to 1; stored as float32.
        labels: Classes in output order.
        path: A `.npz` file.

    Raises:
        TrainingError: Shapes or types differ from these, or rows are not distributions.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    if images.dtype != np.uint8 or images.ndim != 3:
        raise TrainingError(
            f"the images are {images.dtype} {images.shape}; expected uint8 (n, height, width), as "
            "in the face set"
        )
    wanted = (len(images), len(labels))
    if probabilities.dtype.kind != "f" or probabilities.shape != wanted:
        raise TrainingError(
            f"the probabilities are {probabilities.dtype} {probabilities.shape}; expected float32 "
            f"{wanted} for {wanted[0]} faces and {wanted[1]} classes"
        )
    try:
        check_class_names(labels)
    except DatasetError as error:
        raise TrainingError(str(error)) from error
    if not path.name.endswith(SUFFIX):
        raise TrainingError(f"{path} does not end in {SUFFIX}; --teacher knows the file by it")
    probabilities = probabilities.astype(np.float32)
    _check_distributions(probabilities, "the probabilities have")
    faces = _digests(images)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file, faces=faces, probabilities=probabilities, class_names=np.array(labels)
        )


def load_predictions(path: Path) -> Predictions:
    """Read predictions.

    Raises:
        TrainingError: The file is missing, damaged, or lacks an array; or rows are not
            distributions.
    """
    try:
        check_no_named_pipe(path)
        with path.open("rb") as file:
            check_archive_file(file)
            with np.load(file, allow_pickle=False) as arrays:
                faces, rows, names = (
                    np.asarray(arrays[name]) for name in ("faces", "probabilities", "class_names")
                )
    except FileNotFoundError as error:
        raise TrainingError(f"teacher {path} does not exist") from error
    except _UNREADABLE as error:
        raise TrainingError(
            f"teacher {path} cannot be read: expected a .npz file with the arrays faces, "
            "probabilities and class_names (fer_edge.training.targets.predictions)"
        ) from error
    try:
        labels = read_class_names(names)
    except DatasetError as error:
        raise TrainingError(f"teacher {path}: {error}") from error
    fits = faces.dtype == np.uint8 and faces.shape == (*rows.shape[:1], _DIGEST_BYTES)
    if not (fits and rows.dtype == np.float32 and rows.shape == (len(faces), len(labels))):
        raise TrainingError(
            f"teacher {path} has faces {faces.dtype} {faces.shape} and probabilities {rows.dtype} "
            f"{rows.shape}; expected uint8 (n, {_DIGEST_BYTES}) and float32 (n, {len(labels)})"
        )
    _check_distributions(rows, f"teacher {path} has")
    digests = _as_texts(faces)
    order = np.argsort(digests, kind="stable")
    return Predictions(str(path), labels, digests[order], rows[order])


def _check_distributions(rows: NDArray[np.float32], subject: str) -> None:
    if not (rows >= 0).all() or not np.allclose(rows.sum(axis=1), 1, atol=1e-3):
        raise TrainingError(
            f"{subject} rows that are not distributions; expected probabilities from 0 to 1 with a "
            "sum of 1: apply a softmax to logits"
        )


def _digests(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the digest of each face: uint8, (n, `_DIGEST_BYTES`)."""
    digests = b"".join(
        hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()[:_DIGEST_BYTES]
        for image in images
    )
    return np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST_BYTES)


def _as_texts(digests: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """View digests as texts, which NumPy can sort; all have the same length."""
    return np.ascontiguousarray(digests).view(f"S{_DIGEST_BYTES}").ravel()
