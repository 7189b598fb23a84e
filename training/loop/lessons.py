"""Pictures, targets, augmentation and batches of an epoch, for both stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet

from ..recipes.recipe import Augmentation, Recipe
from ..targets.distillation import taught_targets
from ..targets.outliers import outliers
from ..targets.targets import class_weights


@dataclass(frozen=True, slots=True)
class Lessons:
    """Training pictures with their targets, and how the pictures are presented.

    Attributes:
        pictures: uint8, (n, height, width), gray: the training faces, then the outliers.
        targets: float32, (n, classes), distributions.
        weights: float32, (n,), weight of each picture in the loss.
        face_count: Number of training faces; the other pictures are outliers.
        teachers: Keras networks to evaluate for augmented faces; may be empty.
        augmentation: Augmentation of the faces; mixup is for the float stage only.
        passes: Passes over the pictures in an epoch of the float stage.
        batch_size: Faces per step.
        seed: Random seed of the orders.
    """

    pictures: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    face_count: int
    teachers: Sequence[Any]
    augmentation: Augmentation
    passes: int
    batch_size: int
    seed: int


def plan_lessons(
    recipe: Recipe, faces: FaceSet, train: FaceSet, teachers: Sequence[Any]
) -> Lessons:
    """Compute pictures and targets from a recipe.

    Args:
        recipe: Recipe of the run.
        faces: The whole face set, for outliers.
        train: Its training faces, as selected by `training_faces`.
        teachers: Keras networks to learn from.

    Raises:
        RecipeError: As `taught_targets`.
        TrainingError: As `taught_targets`.
    """
    classes = len(train.class_names)
    targets, asked = taught_targets(recipe.loss, recipe.precision, train, teachers)
    weights = class_weights(train.labels, classes, recipe.class_weights)[train.labels]
    others = outliers(
        faces,
        round(len(train) * recipe.outlier_share),
        rejected=recipe.drop_non_faces,
        seed=recipe.seed,
    )
    even = np.full((len(others), classes), 1 / classes, np.float32)
    return Lessons(
        pictures=np.concatenate([train.images, others]),
        targets=np.concatenate([targets, even]),
        weights=np.concatenate([weights, np.ones(len(others), np.float32)]),
        face_count=len(train),
        teachers=asked,
        augmentation=recipe.augmentation,
        passes=recipe.passes,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
    )
