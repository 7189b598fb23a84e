"""Distillation: probabilities of teachers as targets, in addition to the labels.

Teachers see either the same augmented faces as the student, or the clean faces once. The former
works better (Beyer et al. 2022, arXiv:2106.05237), but costs the teachers' time in every step.

Hinton et al. 2015 (arXiv:1503.02531): the student's loss is (1 - share) of the usual loss plus
share times T^2 times the cross-entropy between the teachers' and the student's probabilities at
temperature T. Several teachers are averaged after softening.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError
from fer_edge.faces.faceset import FaceSet

from ..backend.keras3 import keras
from ..backend.precision import learning_copy
from ..backend.validation import predict
from ..recipes.recipe import Loss, Precision
from ..warm_start.trained import load_trained
from .predictions import SUFFIX, Predictions, load_predictions
from .targets import soft_targets

ops = keras.ops


class TeacherLoss(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """Returns the student's probabilities and adds the distance from the teachers' to the loss."""

    def __init__(self, teachers: Sequence[Any], share: float, temperature: float) -> None:
        super().__init__(name="teacher_loss")
        self._share = share
        self._temperature = temperature
        self._teachers = list(teachers)
        for teacher in self._teachers:
            teacher.trainable = False

    def call(self, inputs: tuple[Any, Any], training: bool = False) -> Any:
        """Process (faces, student's probabilities); return the probabilities."""
        faces, student = inputs
        if training:
            wanted = self.soft_targets(faces)
            said = ops.log(soften(student, self._temperature))
            distance = -ops.mean(ops.sum(wanted * said, axis=-1))
            self.add_loss(self._share * self._temperature**2 * distance)
        return student

    def soft_targets(self, faces: Any) -> Any:
        """Return the mean softened probabilities of the teachers, (n, classes)."""
        return mean_softened(self._teachers, faces, self._temperature)


def mean_softened(teachers: Sequence[Any], faces: Any, temperature: float) -> Any:
    """Return the mean of the teachers' softened probabilities for model inputs, (n, classes)."""
    soft = [
        soften(teacher(_resized(faces, teacher), training=False), temperature)
        for teacher in teachers
    ]
    return sum(soft) / float(len(soft))


def taught_targets(
    loss: Loss, precision: Precision, train: FaceSet, teachers: Sequence[Any]
) -> tuple[NDArray[np.float32], Sequence[Any]]:
    """Return the target of each face, and the teachers to evaluate for augmented faces.

    With `loss.teacher_views` = clean the target is a blend of `soft_targets` and the teachers'
    outputs for the face and its mirror image; then no teachers are returned.

    Args:
        loss: Loss settings.
        precision: Precision of the returned copies.
        train: Training faces.
        teachers: Keras networks, and with clean views also `Predictions`.

    Returns:
        Targets, float32 (n, classes); copies of the teachers in `precision`, or none.

    Raises:
        RecipeError: As `soft_targets`.
        TrainingError: Stored predictions lack a face.
    """
    targets = soft_targets(loss, train)
    if not teachers or loss.teacher_views != "clean":
        return targets, [learning_copy(teacher, precision) for teacher in teachers]
    said = np.mean([_of_clean_faces(teacher, train.images) for teacher in teachers], axis=0)
    share = loss.teacher_share
    return ((1 - share) * targets + share * said).astype(np.float32), ()


def _of_clean_faces(teacher: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    if isinstance(teacher, Predictions):
        return teacher.of(images)
    mirrored = images[:, :, ::-1]
    both = np.stack([predict(teacher, images), predict(teacher, mirrored)])
    mean: NDArray[np.float32] = both.mean(axis=0, dtype=np.float32)
    return mean


def soften(probabilities: Any, temperature: float) -> Any:
    """Divide the logits by a temperature; log-probabilities are logits up to a constant."""
    return ops.softmax(ops.log(ops.clip(probabilities, 1e-7, 1.0)) / temperature)


def load_teachers(names: Sequence[str], faces: FaceSet) -> list[Any]:
    """Read trained networks (see `load_trained`) for the training split of a face set.

    Returns:
        Keras networks; `Predictions` for a `.npz` file.

    Raises:
        TrainingError: A teacher cannot be read, or has other classes.
        ModelError: A model file is missing or damaged.
    """
    teachers: list[Any] = []
    for number, name in enumerate(names):
        if name.endswith(SUFFIX):
            stored = load_predictions(Path(name))
            labels, teacher = stored.labels, stored
        else:
            trained = load_trained(name, faces.part("train").images)
            labels, teacher = trained.labels, trained.network
            teacher.name = f"teacher_{number}"
        if labels != faces.class_names:
            raise TrainingError(
                f"teacher {name} has the classes {', '.join(labels)}; expected the "
                f"classes of the data: {', '.join(faces.class_names)}"
            )
        teachers.append(teacher)
    return teachers


def _resized(faces: Any, teacher: Any) -> Any:
    """Resize the student's input to the teacher's size."""
    size = teacher.input_shape[1:3]
    if tuple(faces.shape[1:3]) == tuple(size):
        return faces
    return ops.image.resize(faces, size, interpolation="bilinear", data_format="channels_last")
