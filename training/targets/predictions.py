"""Predictions of a teacher that were stored in a file, as targets.

A teacher does not have to be a Keras network: an ensemble of another framework, or networks that
never saw the face that they predict (cross-fitting), give one distribution per face, which a `.npz`
file stores. A face is found by its pixels, so that order and selection of the rows do not matter.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.archives import ArchiveError, check_archive_file
from fer_edge.errors import TrainingError
from fer_edge.files import UNREADABLE_ARCHIVE, whole_file

SUFFIX = ".npz"
_DIGEST_BYTES = 16
_UNREADABLE = (*UNREADABLE_ARCHIVE, ArchiveError, TypeError, LookupError, SyntaxError)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Stored distributions of faces.

    Attributes:
        name: File, for messages.
        labels: Classes in output order.
        by_face: float32, (classes,), the distribution of each face, by the digest of its pixels.
    """

    name: str
    labels: tuple[str, ...]
    by_face: Mapping[bytes, NDArray[np.float32]]

    def of(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the distributions of faces, float32 (n, classes).

        Args:
            images: uint8, (n, height, width), gray.

        Raises:
            TrainingError: A face is not in the file.
        """
        found = [self.by_face.get(digest) for digest in _digests(images)]
        known = [row for row in found if row is not None]
        if len(known) < len(found):
            raise TrainingError(
                f"teacher {self.name} has no prediction for {len(found) - len(known):,} of "
                f"{len(found):,} training faces; expected one for each; store them again"
            )
        return np.array(known, np.float32)


def save_predictions(
    images: NDArray[np.uint8],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
    path: Path,
) -> None:
    """Write the predictions for faces, completely or not at all.

    Args:
        images: uint8, (n, height, width), gray, as in the face set.
        probabilities: float32, (n, classes), each row sums to 1.
        labels: Classes in output order.
        path: A `.npz` file.

    Raises:
        OutputError: The file cannot be written.
    """
    faces = np.frombuffer(b"".join(_digests(images)), np.uint8).reshape(-1, _DIGEST_BYTES)
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
    labels = tuple(str(name) for name in names.ravel())
    fits = faces.dtype == np.uint8 and faces.shape == (len(rows), _DIGEST_BYTES)
    if not (fits and rows.dtype == np.float32 and rows.shape == (len(faces), len(labels))):
        raise TrainingError(
            f"teacher {path} has faces {faces.dtype} {faces.shape} and probabilities {rows.dtype} "
            f"{rows.shape}; expected uint8 (n, {_DIGEST_BYTES}) and float32 (n, {len(labels)})"
        )
    if not (rows >= 0).all() or not np.allclose(rows.sum(axis=1), 1, atol=1e-3):
        raise TrainingError(
            f"teacher {path} has rows that are not distributions; expected probabilities from 0 "
            "to 1 with a sum of 1"
        )
    return Predictions(
        str(path), labels, {face.tobytes(): row for face, row in zip(faces, rows, strict=True)}
    )


def _digests(images: NDArray[np.uint8]) -> list[bytes]:
    return [
        hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()[:_DIGEST_BYTES]
        for image in images
    ]
