"""The data set as a layer: faces stay in device memory, where they are gathered and augmented.

The training model takes row numbers. A step transfers a few hundred bytes to the device instead of
a batch of pictures, so the input pipeline is never the bottleneck, and plain `model.fit` works
unchanged on TensorFlow, JAX and PyTorch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import PIXEL_SCALE

from ..backend.keras3 import keras
from ..recipes.recipe import Augmentation, Loss
from ..targets.distillation import TeacherLoss
from ..targets.votes_head import VotesHead
from .augmentation import DRAWS, augment
from .sharpness import SharpnessAware

EpochInputs = tuple[dict[str, NDArray[Any]], NDArray[np.float32], NDArray[np.float32]]
"""Inputs of the training model, targets (n, classes) and sample weights (n,)."""


class ResidentFaces(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """From row numbers to model input; augmented during training.

    Args:
        faces: uint8, (n, height, width), gray.
        settings: Augmentation.
        seed: Random seed.
    """

    def __init__(self, faces: NDArray[np.uint8], settings: Augmentation, seed: int) -> None:
        super().__init__(name="resident_faces")
        self._settings = settings
        self._draw_seed = keras.random.SeedGenerator(seed)
        self.pixels = self.add_weight(
            shape=(*faces.shape, 1), dtype="uint8", initializer="zeros", trainable=False
        )
        self.pixels.assign(faces[..., np.newaxis])

    @staticmethod
    def inputs(settings: Augmentation, *, repeated: bool) -> dict[str, Any]:
        """Return symbolic inputs of `call`, for a model; `repeated` adds `draws`."""
        inputs = {"row": keras.Input((), dtype="int32", name="row")}
        if repeated:
            inputs["draws"] = keras.Input((DRAWS,), dtype="float32", name="draws")
        if settings.mixup:
            inputs["other"] = keras.Input((), dtype="int32", name="other")
            inputs["share"] = keras.Input((), dtype="float32", name="share")
            if repeated:
                inputs["other_draws"] = keras.Input((DRAWS,), dtype="float32", name="other_draws")
        return inputs

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Gather rows as float32 (batch, height, width, 1) in [0, 1].

        Args:
            inputs: `row`; with mixup also `other`, a second row number, and `share`, the share of
                the first face in the blend. `draws` and `other_draws`, random numbers (batch,
                DRAWS) for the augmentation of both; without them, the layer draws its own.
            training: Whether to augment the faces.
        """
        return self.views(inputs) if training else self._gather(inputs["row"])

    def views(self, inputs: dict[str, Any]) -> Any:
        """Return augmented faces for inputs as in `call`."""
        faces = self._augmented(inputs["row"], inputs.get("draws"))
        if "other" not in inputs:
            return faces
        share = inputs["share"][:, None, None, None]
        others = self._augmented(inputs["other"], inputs.get("other_draws"))
        return share * faces + (1.0 - share) * others

    def _gather(self, rows: Any) -> Any:
        faces = keras.ops.take(self.pixels, rows, axis=0)
        return keras.ops.cast(faces, "float32") * PIXEL_SCALE

    def _augmented(self, rows: Any, draws: Any) -> Any:
        if draws is None:
            draws = keras.random.uniform((keras.ops.shape(rows)[0], DRAWS), seed=self._draw_seed)
        return augment(self._gather(rows), draws, self._settings)


def training_model(
    network: Any,
    faces: ResidentFaces,
    settings: Augmentation,
    loss: Loss,
    *,
    teachers: Sequence[Any] = (),
    votes: VotesHead | None = None,
    sharpness: float = 0.0,
    repeated: bool = False,
) -> Any:
    """Put the resident faces in front of a network, and add teachers and votes to its loss.

    Args:
        network: A functional Keras model whose last layer is its softmax.
        faces: Faces for its inputs.
        settings: Augmentation of the faces.
        loss: Loss settings, with the share of teachers.
        teachers: Keras networks to learn from.
        votes: Second head on the features below the softmax.
        sharpness: See `Optimizer.sharpness`.
        repeated: Whether the model gets the random numbers of the augmentation.

    Returns:
        A Keras model from row numbers (see `ResidentFaces.call`) to probabilities.
    """
    inputs = faces.inputs(settings, repeated=repeated)
    pixels = faces(inputs)
    if votes is None:
        outputs = network(pixels)
    else:
        both = keras.Model(network.inputs, [network.layers[-1].input, *network.outputs])
        features, outputs = both(pixels)
        outputs = votes((inputs, features, outputs))
    if teachers:
        outputs = TeacherLoss(teachers, loss.teacher_share, loss.temperature)((pixels, outputs))
    if sharpness:
        return SharpnessAware(inputs, faces, pixels, outputs, sharpness)
    return keras.Model(inputs, outputs)


def epoch_inputs(
    order: NDArray[np.int64],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    settings: Augmentation,
    random: np.random.Generator,
) -> EpochInputs:
    """Return the inputs of the training model for one epoch, its targets and sample weights.

    In a mixture of two faces each one's part of the target has its own weight.

    Args:
        order: int64, (n,), row numbers.
        targets: float32, (rows, classes), distributions.
        weights: float32, (rows,), weight of each face in the loss.
        settings: Augmentation, of which mixup is used.
        random: Generator of the mixtures.

    Returns:
        The inputs, float32 (n, classes) and float32 (n,), in `order`.
    """
    inputs: dict[str, NDArray[Any]] = {"row": order.astype(np.int32)}
    if not settings.mixup:
        return inputs, targets[order], weights[order]
    other = random.permutation(order)
    share = random.beta(settings.mixup, settings.mixup, len(order)).astype(np.float32)
    inputs |= {"other": other.astype(np.int32), "share": share}
    return inputs, *mixed(targets, weights, order, other, share)


def mixed(
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    rows: NDArray[Any],
    others: NDArray[Any],
    share: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return target and weight of each mixture of a picture, with its `share`, and another one."""
    own, other = share * weights[rows], (1 - share) * weights[others]
    weight = own + other
    part = (own / weight)[:, np.newaxis]
    return part * targets[rows] + (1 - part) * targets[others], weight
