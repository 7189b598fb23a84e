"""The quantization-aware stage: tf-keras on TensorFlow, starting from the float weights.

Both versions of Keras run in one process; the augmentation uses operations of Keras 3 on TensorFlow
tensors.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter

with without_chatter():
    import tensorflow as tf
    import tf_keras

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import PIXEL_SCALE, model_inputs
from fer_edge.files import whole_file
from fer_edge.runfolder import QAT_MODEL

from ..recipes.recipe import Recipe
from ..reporting.history import Epoch
from ..reporting.progress import EpochBar
from ..targets.distillation import TeacherLoss
from ..targets.targets import training_faces
from ..warm_start.trained import load_float_network
from .augmentation import DRAWS, augment
from .building import build_checked
from .epochs import run_epochs
from .lessons import Lessons, plan_lessons
from .optimizer import build_loss, build_metrics
from .quantized_network import pin_input_range, quantized_copy, settle_ranges
from .schedule import Stopping

SETTLING_FACES = 512
"""Number of faces for the initial ranges of the activations."""


def train_quantized(
    recipe: Recipe,
    faces: FaceSet,
    folder: Path,
    *,
    teachers: Sequence[Any] = (),
    on_epoch: Callable[[Epoch], None],
) -> list[Epoch]:
    """Continue training with int8 rounding in the graph, and write the best epoch as `qat.h5`.

    The stage is short: after a kill it is not resumed but repeated.

    Args:
        recipe: Recipe; its `qat` table has the epochs and the learning rate.
        faces: Face set with `train` and `validation` splits.
        folder: Run folder with a float network.
        teachers: Keras 3 networks; their probabilities are mixed into the targets, with the
            recipe's `loss.teacher_share`.
        on_epoch: Called after each epoch.

    Returns:
        The epochs.

    Raises:
        TrainingError: The loss is no longer finite, or the float network cannot be read.
    """
    tf_keras.utils.set_random_seed(recipe.seed)
    train = training_faces(
        faces, without_non_faces=recipe.drop_non_faces, count=recipe.train_faces, seed=recipe.seed
    )
    float_network = load_float_network(folder)
    network = _quantized(float_network, recipe)
    settle_ranges(network, float_network, train.images[:SETTLING_FACES])
    network.compile()  # otherwise saving logs a warning
    trained = _Trained(network.inputs, network.outputs)
    trained.compile(
        optimizer=tf_keras.optimizers.Adam(recipe.qat.learning_rate),
        loss=build_loss(tf_keras, recipe.loss, recipe.label_smoothing),
        weighted_metrics=[],
        metrics=build_metrics(tf_keras, len(faces.class_names)),
    )
    lessons = plan_lessons(recipe, faces, train, teachers)
    stage = QuantizedStage(
        network=network,
        trained=trained,
        pixels=model_inputs(lessons.pictures, recipe.size_px, recipe.size_px),
        lessons=lessons,
        teacher_share=recipe.loss.teacher_share,
        augments=recipe.qat.augment,
        constant_rate=recipe.qat.learning_rate,
    )
    stopping = Stopping(recipe.qat.epochs, recipe.monitor)
    history = run_epochs(stage, stopping, faces.part("validation"), on_epoch=on_epoch)
    if history:
        network.set_weights(stage.best)
        with whole_file(folder / QAT_MODEL) as temporary, warnings.catch_warnings():
            # HDF5, since tf-keras cannot read quantize wrappers from a .keras file
            warnings.filterwarnings("ignore", message=".*HDF5.*")
            network.save(temporary)
    return history


def _quantized(float_network: Any, recipe: Recipe) -> Any:
    with build_checked(recipe, "train without --qat, or change [network]"):
        return quantized_copy(float_network, recipe.network, recipe.size_px)


@dataclass(frozen=True, slots=True)
class QuantizedStage:
    """The quantization-aware stage for the loop over epochs.

    Attributes:
        network: Quantization-aware tf-keras network, which is scored and kept.
        trained: The same layers without the frozen ones, compiled.
        pixels: uint8, (n, size, size, 1), the lessons' pictures.
        lessons: Targets and batches.
        teacher_share: Share of the teachers in the targets, if there are any.
        augments: Whether faces are augmented, except by mixup.
        constant_rate: Learning rate.
        best: Weights of the best epoch so far; empty before the first.
        title: Name of an epoch in messages.
    """

    network: Any
    trained: Any
    pixels: NDArray[np.uint8]
    lessons: Lessons
    teacher_share: float
    augments: bool
    constant_rate: float
    best: list[NDArray[np.float32]] = field(default_factory=list)
    title: str = "quantization-aware epoch"

    def advice(self, number: int, rate: float) -> str:
        """Return the next step if the loss is not finite."""
        return f"lower qat.learning_rate (now {rate:g}), and train again"

    def rate(self, history: Sequence[Epoch]) -> float:
        """Return the constant learning rate."""
        return self.constant_rate

    def fit(self, number: int, rate: float, bar: EpochBar) -> dict[str, float]:
        """Train one epoch, which is one pass."""
        fitted = self.trained.fit(
            self._batches(number),
            verbose=0,
            callbacks=[_tf_keras_bar(bar, len(self.pixels) // self._batch_size)],
        ).history
        pin_input_range(self.network)
        return {name: float(values[0]) for name, values in fitted.items()}

    def keep(self) -> None:
        """Store the weights."""
        self.best[:] = self.network.get_weights()

    def save(self, history: Sequence[Epoch]) -> None:
        """Save nothing: see `train_quantized`."""

    @property
    def _batch_size(self) -> int:
        return min(self.lessons.batch_size, len(self.pixels))

    def _batches(self, epoch: int) -> tf.data.Dataset:
        lessons, share = self.lessons, self.teacher_share
        teaching = TeacherLoss(lessons.teachers, share, temperature=1.0)
        order = np.random.default_rng((lessons.seed, 1000 + epoch)).permutation(len(self.pixels))
        random = tf.random.Generator.from_seed(lessons.seed * 1000 + epoch)

        def prepare(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            batch = tf.cast(tf.gather(self.pixels, rows), tf.float32) * PIXEL_SCALE
            if self.augments:
                draws = random.uniform((tf.shape(rows)[0], DRAWS))
                batch = augment(batch, draws, lessons.augmentation)
            wanted = tf.gather(lessons.targets, rows)
            if lessons.teachers:
                taught = share * tf.cast(rows < lessons.face_count, tf.float32)[:, tf.newaxis]
                wanted = (1.0 - taught) * wanted + taught * teaching.soft_targets(batch)
            return batch, wanted, tf.gather(lessons.weights, rows)

        # complete batches only: quantized batch normalization is inaccurate for a last batch of a
        # few faces
        rows = tf.data.Dataset.from_tensor_slices(order)
        return (
            rows.batch(self._batch_size, drop_remainder=True)
            .map(prepare)
            .prefetch(tf.data.AUTOTUNE)
        )


class _Trained(tf_keras.Model):  # type: ignore[misc]  # tf-keras has no stubs
    """A quantization-aware network: the same layers, without frozen weights.

    tfmot lists the kernel of a frozen layer as trainable (QuantizeWrapper.build).
    """

    @property
    def trainable_weights(self) -> list[Any]:
        """Weights of the layers that are not frozen."""
        return [w for layer in self.layers if layer.trainable for w in layer.trainable_weights]


def _tf_keras_bar(bar: EpochBar, steps: int) -> Any:
    """Adapt the progress bar, a Keras 3 callback, to tf-keras."""
    bar.set_params({"steps": steps})
    return tf_keras.callbacks.LambdaCallback(
        on_train_begin=bar.on_train_begin,
        on_batch_end=bar.on_train_batch_end,
        on_train_end=bar.on_train_end,
    )
