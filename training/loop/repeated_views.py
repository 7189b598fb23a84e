"""Augmented views that come again, so that each is shown to the teachers only once.

A student learns best from teachers that see its own augmented faces, for many epochs (Beyer et al.
2022, arXiv:2106.05237). Large teachers then take most of the time of each step. Here the views of a
face are numbered: epochs go through them in turn, and the outputs of the teachers are stored. A few
dozen views are enough variety, and most epochs cost no more than without teachers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError

from ..backend.devices import device_count
from ..backend.keras3 import keras
from ..backend.processes import process_count
from ..recipes.recipe import Loss, Recipe
from ..targets.distillation import mean_softened
from .augmentation import DRAWS
from .lessons import Lessons
from .resident import EpochInputs, ResidentFaces, mixed

_BATCH = 512


def repeats_views(recipe: Recipe) -> bool:
    """Return whether the teachers' outputs for augmented faces are stored."""
    return bool(recipe.teachers) and recipe.loss.teacher_views == "repeated"


class RepeatedViews:
    """The views of all pictures of a training, with targets from the teachers.

    Args:
        faces: Resident pictures of `lessons`, for a model that gets `draws`.
        lessons: Pictures, targets and teachers.
        loss: Share of the teachers, and number of views.

    Raises:
        TrainingError: Several processes train together.
    """

    def __init__(self, faces: ResidentFaces, lessons: Lessons, loss: Loss) -> None:
        if process_count() > 1:
            raise TrainingError(
                "'loss.teacher_views' is repeated, expected augmented or clean with several "
                "processes"
            )
        self._lessons = lessons
        self._share = loss.teacher_share
        self._count = loss.repeated_views
        self._teachers = _teachers_of_views(faces, lessons)
        self._answers: dict[int, NDArray[np.float32]] = {}

    def pass_inputs(self, number: int, order: NDArray[np.int64]) -> EpochInputs:
        """Return inputs, targets and weights of a pass over the pictures, as `epoch_inputs`.

        Args:
            number: Number of the pass, from 0 over all epochs; it determines the view.
            order: (n,), rows in the order of the pass.
        """
        view = number % self._count
        inputs = self._inputs(view)
        if view not in self._answers:
            self._answers[view] = self._asked(inputs)
        targets, weights, taught = (
            self._lessons.targets,
            self._lessons.weights,
            np.arange(len(self._lessons.targets)) < self._lessons.face_count,
        )
        if "other" in inputs:
            other = inputs["other"]
            targets, weights = mixed(targets, weights, inputs["row"], other, inputs["share"])
            taught &= taught[other]
        share = self._share * taught[:, np.newaxis].astype(np.float32)
        wanted = (1 - share) * targets + share * self._answers[view]
        return (
            {name: values[order] for name, values in inputs.items()},
            wanted[order],
            weights[order],
        )

    def _inputs(self, view: int) -> dict[str, NDArray[Any]]:
        """Return the model's inputs for all rows, in their own order."""
        lessons = self._lessons
        count = len(lessons.targets)
        random = np.random.default_rng((lessons.seed, 2022, view))
        inputs: dict[str, NDArray[Any]] = {
            "row": np.arange(count, dtype=np.int32),
            "draws": random.random((count, DRAWS), np.float32),
        }
        if mixup := lessons.augmentation.mixup:
            inputs["other"] = random.permutation(count).astype(np.int32)
            inputs["share"] = random.beta(mixup, mixup, count).astype(np.float32)
            inputs["other_draws"] = random.random((count, DRAWS), np.float32)
        return inputs

    def _asked(self, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        count, size = len(inputs["row"]), _BATCH - _BATCH % device_count()
        rows = np.arange(-(-count // size) * size) % count  # whole batches: one program
        said = self._teachers.predict(
            {name: values[rows] for name, values in inputs.items()}, batch_size=size, verbose=0
        )
        return np.asarray(said, np.float32)[:count]


class _TeachersOfViews(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """From the inputs of a training model to the mean of the teachers, for the augmented faces."""

    def __init__(self, faces: ResidentFaces, lessons: Lessons) -> None:
        super().__init__(name="teachers_of_views")
        self._faces = faces
        self._teachers = list(lessons.teachers)

    def call(self, inputs: dict[str, Any]) -> Any:
        """Return probabilities, (batch, classes)."""
        return mean_softened(self._teachers, self._faces.views(inputs), temperature=1.0)


def _teachers_of_views(faces: ResidentFaces, lessons: Lessons) -> Any:
    inputs = faces.inputs(lessons.augmentation, repeated=True)
    return keras.Model(inputs, _TeachersOfViews(faces, lessons)(inputs))
