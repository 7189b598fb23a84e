"""FER+ votes of ten taggers per face (Barsoum et al. 2016, arXiv:1608.01041)."""

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.labels import FERPLUS, FERPLUS_CLASSES, standard_name

NO_MAJORITY = -1

_FERPLUS_OF = {"angry": "anger", "happy": "happiness", "sad": "sadness"}
"""FER2013's names that differ from FER+'s."""


def majority(votes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the majority of the taggers for each face.

    Same rule as the paper's code (Microsoft's FERPlus, `src/ferplus.py`, mode `majority`): a class
    with a single vote is considered a mistake and ignored; the first of the remaining classes wins
    if it has more than half of their votes. So there is no winner for a tie or for ten single
    votes.

    Args:
        votes: uint8, (n, 10), in the order of `FERPLUS`.

    Returns:
        int64, (n,), index into `FERPLUS`, or `NO_MAJORITY`.
    """
    counted = np.where(votes > 1, votes, 0).astype(np.int64)
    wins = 2 * counted.max(axis=1) > counted.sum(axis=1)
    return np.where(wins, counted.argmax(axis=1), NO_MAJORITY)


def majority_labels(
    votes: NDArray[np.uint8], class_names: tuple[str, ...]
) -> NDArray[np.int64] | None:
    """Return the majority of the taggers for each face, as a label of a face set.

    Args:
        votes: uint8, (n, 10), in the order of `FERPLUS`.
        class_names: Classes of FER2013 or FER+, or a subset.

    Returns:
        int64, (n,), index into `class_names`; `NO_MAJORITY` if there is no majority, or if it is
        for another class (contempt, unknown, not a face). None if a class does not exist in FER+.
    """
    label_of = np.full(len(FERPLUS) + 1, NO_MAJORITY)  # the last entry means no majority
    for label, name in enumerate(class_names):
        column = ferplus_column(name)
        if column is None:
            return None
        label_of[column] = label
    labels: NDArray[np.int64] = label_of[majority(votes)]
    return labels


def no_face(votes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark faces that more than half of the taggers called unknown or not a face: bool, (n,)."""
    marked: NDArray[np.bool_] = votes[:, len(FERPLUS_CLASSES) :].sum(axis=1) * 2 > votes.sum(axis=1)
    return marked


def ferplus_column(name: str) -> int | None:
    """Return the votes for a class; None if FER+ does not have this class."""
    standard = standard_name(name).lower()
    known = _FERPLUS_OF.get(standard, standard)
    return FERPLUS_CLASSES.index(known) if known in FERPLUS_CLASSES else None


def trusted_votes(votes: NDArray[np.uint8], valid: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """Clear the votes of faces that may not belong to them.

    FER+ has no file name for pictures that all taggers called not a face, so only the row order
    connects these votes with a picture. The votes are kept to exclude pictures, but are never used
    as a training target. (In FER2013's Training and PublicTest these are 158 signs, drawings and
    crops.)
    """
    if valid is None:
        return votes
    if valid.shape != (len(votes),) or votes.ndim != 2 or votes.shape[1] != len(FERPLUS):
        raise DatasetError(
            f"'ferplus' is {votes.shape} and 'ferplus_valid' {valid.shape}; "
            "expected (n, 10) and (n,)"
        )
    says_no_face = 2 * votes[:, -1].astype(np.int64) > votes.sum(axis=1)
    return np.where((valid.astype(bool) | says_no_face)[:, None], votes, 0)
