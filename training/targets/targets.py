"""What the network is to say of each training face, and how much each face counts."""

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
    """Return the training part of a face set, or some of it.

    Args:
        faces: With a `train` part.
        without_non_faces: Leave out what most FER+ taggers called no face.
        count: How many faces to draw at random; 0: all.
        seed: Of the draw.

    Raises:
        RecipeError: The recipe uses votes and the set has none.
        TrainingError: Nothing is left.
    """
    train = faces.part("train")
    if without_non_faces:
        keep = ~no_face(votes_of(train, "drop_non_faces"))
        if not keep.any():
            raise TrainingError("drop_non_faces leaves no training face; check the set's votes")
        train = train.select(keep)
    if 0 < count < len(train):
        train = train.select(np.random.default_rng(seed).permutation(len(train))[:count])
    return train


def soft_targets(loss: Loss, train: FaceSet) -> NDArray[np.float32]:
    """Return each face's target distribution, float32 (n, classes).

    The label's one-hot vector, blended, where `loss.vote_share` says so, with the share of FER+
    votes that fall on the set's classes or with the labels that such votes mean
    (`loss.vote_meaning`); faces without such votes keep their label.

    Raises:
        RecipeError: The recipe uses votes and the set has none, or a class has no FER+ name.
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
    """Return the loss weight of each class; `Recipe.class_weights` says what the kinds mean.

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
    """Return the faces' FER+ votes.

    Raises:
        RecipeError: There are none; the message names the recipe's key that needs them.
    """
    if train.votes is None:
        raise RecipeError(
            f"'{key}' needs FER+ votes and the face set has none; set it to its default"
        )
    return train.votes


def _column(name: str) -> int:
    column = ferplus_column(name)
    if column is None:
        raise RecipeError(
            f"'loss.vote_share' needs classes that FER+ has; '{name}' is none of them; "
            f"expected FER2013's ({', '.join(FER2013)}) or FER+'s ({', '.join(FERPLUS_CLASSES)})"
        )
    return column
