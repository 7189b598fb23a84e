"""Target and weight of each training face."""

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013, FERPLUS_CLASSES
from fer_edge.faces.votes import ferplus_column, no_face

from ..recipes.recipe import Loss
from .vote_translation import learn_translation, translate


def training_faces(
    faces: FaceSet, *, without_non_faces: bool = False, count: int = 0, seed: int = 0
) -> FaceSet:
    """Return the training split of a face set, or a sample of it.

    Args:
        faces: Face set with a `train` split.
        without_non_faces: Whether to leave out pictures that most FER+ taggers called unknown or
            not a face.
        count: Number of faces to draw at random; 0: all.
        seed: Random seed.

    Raises:
        RecipeError: The recipe uses votes, but the set has none.
        TrainingError: No face is left.
    """
    train = faces.part("train")
    if without_non_faces:
        keep = ~no_face(votes_of(train, "drop_non_faces"))
        if not keep.any():
            raise TrainingError(
                "drop_non_faces leaves no training face; check the face set's votes"
            )
        train = train.select(keep)
    if 0 < count < len(train):
        train = train.select(np.random.default_rng(seed).permutation(len(train))[:count])
    return train


def soft_targets(loss: Loss, train: FaceSet) -> NDArray[np.float32]:
    """Return the target distribution of each face, float32 (n, classes).

    The one-hot vector of the label, blended according to `loss.vote_share` with the share of FER+
    votes for the set's classes, or with the labels that such votes mean (`loss.vote_meaning`);
    faces without such votes keep their label.

    Raises:
        RecipeError: The recipe uses votes, but the set has none, or a class does not exist in FER+.
    """
    targets = np.eye(len(train.class_names), dtype=np.float32)[train.labels]
    share = loss.vote_share
    if share == 0:
        return targets
    if loss.vote_meaning == "labels":
        votes = votes_of(train, "loss.vote_share")
        weights = learn_translation(votes, train.labels, len(train.class_names))
        return _blended(targets, translate(votes, weights), share, votes.sum(axis=1) > 0)
    columns = [_column(name) for name in train.class_names]
    votes = votes_of(train, "loss.vote_share")[:, columns].astype(np.float32)
    total = votes.sum(axis=1)
    voted = votes / np.maximum(total, 1)[:, None]
    return _blended(targets, voted, share, total > 0)


def _blended(
    targets: NDArray[np.float32],
    voted: NDArray[np.float32],
    share: float,
    has_votes: NDArray[np.bool_],
) -> NDArray[np.float32]:
    blended: NDArray[np.float32] = np.where(
        has_votes[:, None], (1 - share) * targets + share * voted, targets
    ).astype(np.float32)
    return blended


def class_weights(labels: NDArray[np.uint8], classes: int, kind: str) -> NDArray[np.float32]:
    """Return the loss weight of each class; `Recipe.class_weights` describes the kinds.

    Returns:
        float32, (classes,), scaled so that the mean over `labels` is 1.
    """
    if kind == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(labels, minlength=classes)
    weights = len(labels) / (classes * np.maximum(counts, 1))
    if kind == "sqrt":
        weights = np.sqrt(weights)
    scaled: NDArray[np.float32] = (weights / weights[labels].mean()).astype(np.float32)
    return scaled


def votes_of(train: FaceSet, key: str) -> NDArray[np.uint8]:
    """Return the FER+ votes of the faces.

    Raises:
        RecipeError: There are none; the message names the recipe key that needs them.
    """
    if train.votes is None:
        raise RecipeError(
            f"'{key}' needs FER+ votes, but the face set has none; set it to its default"
        )
    return train.votes


def _column(name: str) -> int:
    column = ferplus_column(name)
    if column is None:
        raise RecipeError(
            f"'loss.vote_share' needs classes of FER+, but '{name}' is not one of them; expected "
            f"FER2013's ({', '.join(FER2013)}) or FER+'s ({', '.join(FERPLUS_CLASSES)})"
        )
    return column
