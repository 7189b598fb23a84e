"""Targets, augmentation and batches of an epoch, for both stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet

from ..recipes.recipe import Augmentation, Recipe
from ..targets.distillation import taught_targets
from ..targets.targets import class_weights


@dataclass(frozen=True, slots=True)
class Lessons:
    """Targets of the training faces, and how the faces are presented.

    Attributes:
        targets: float32, (n, classes), distributions.
        weights: float32, (n,), weight of each face in the loss.
        teachers: Keras networks to evaluate in every step; may be empty.
        augmentation: Augmentation of the faces.
        batch_size: Faces per step.
        seed: Random seed of the orders.
    """

    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    teachers: Sequence[Any]
    augmentation: Augmentation
    batch_size: int
    seed: int


def plan_lessons(recipe: Recipe, train: FaceSet, teachers: Sequence[Any]) -> Lessons:
    """Compute the targets of the training faces from a recipe.

    Raises:
        RecipeError: As `taught_targets`.
    """
    targets, asked = taught_targets(recipe.loss, recipe.precision, train, teachers)
    weights = class_weights(train.labels, len(train.class_names), recipe.class_weights)
    return Lessons(
        targets=targets,
        weights=weights[train.labels],
        teachers=asked,
        augmentation=recipe.augmentation,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
    )
