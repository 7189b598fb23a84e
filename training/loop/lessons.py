"""What an epoch of either stage is made of."""

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
    """What is to be said of each training face, and how the faces are shown.

    Attributes:
        targets: float32, (n, classes), distributions.
        weights: float32, (n,), how much each face counts.
        teachers: Keras networks that are asked in every step; may be empty.
        augmentation: How faces are changed.
        batch_size: Faces of a step.
        seed: Of the epochs' orders.
    """

    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    teachers: Sequence[Any]
    augmentation: Augmentation
    batch_size: int
    seed: int


def plan_lessons(recipe: Recipe, train: FaceSet, teachers: Sequence[Any]) -> Lessons:
    """Work out what a recipe teaches of the training faces.

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
