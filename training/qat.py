"""Quantization-aware training: tfmot on tf-keras, from the float network's weights.

tensorflow-model-optimization accepts tf-keras models only, so the same architecture is built again
with tf-keras and takes the float weights by order. Both Keras versions live in one process; the
augmentation runs Keras 3 operations on TensorFlow tensors.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # before tfmot, which looks for it

with without_chatter():
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs,
        default_8bit_quantize_registry,
    )

from fer_edge.errors import TrainingError
from fer_edge.faces import PIXEL_SCALE, as_real, model_inputs
from fer_edge.faceset import FaceSet
from fer_edge.files import whole_file
from fer_edge.runfolder import FLOAT_MODEL, QAT_MODEL
from fer_edge.scores import score

from .augmentation import DRAWS, augment
from .backend import keras
from .distillation import TeacherLoss, taught_targets
from .optimizer import build_loss, build_metrics
from .progress import EpochBar
from .recipe import Recipe
from .schedule import Epoch, best_epoch
from .targets import class_weights, training_faces
from .validation import cross_entropy, predict, top_share

log = logging.getLogger(__name__)

_OUTPUT_BOUNDS = tuple(
    f"{part}_{bound}:0" for part in ("output", "post_activation") for bound in ("min", "max")
)
SETTLING_FACES = 512
"""By which the activations' ranges are chosen before training."""


def train_quantized(
    recipe: Recipe,
    faces: FaceSet,
    folder: Path,
    *,
    teachers: Sequence[Any] = (),
    on_epoch: Callable[[Epoch], None],
) -> list[Epoch]:
    """Train on with int8 rounding in the graph, and keep the best epoch as `qat.h5`.

    Args:
        recipe: Its `qat` table says how long and how fast.
        faces: With `train` and `validation` parts.
        folder: A run folder with a float network.
        teachers: Keras 3 networks; their probabilities are mixed into the targets by the recipe's
            `loss.teacher_share`.
        on_epoch: Called after each epoch.

    Returns:
        The epochs.

    Raises:
        TrainingError: The loss is no longer finite.
    """
    tf_keras.utils.set_random_seed(recipe.seed)
    train, validation = training_faces(recipe, faces), faces.part("validation")
    float_network = keras.models.load_model(folder / FLOAT_MODEL, compile=False)
    network = quantized_copy(float_network, recipe)
    settle_ranges(network, float_network, train.images[:SETTLING_FACES])
    network.compile()  # saving warns otherwise
    trained = _Trained(network.inputs, network.outputs)
    trained.compile(
        optimizer=tf_keras.optimizers.Adam(recipe.qat.learning_rate),
        loss=build_loss(tf_keras, recipe),
        weighted_metrics=[],
        metrics=build_metrics(tf_keras, len(faces.class_names)),
    )
    targets, teachers = taught_targets(recipe, train, teachers)
    history: list[Epoch] = []
    for number in range(1, recipe.qat.epochs + 1):
        started = time.monotonic()
        bar = EpochBar(
            f"quantization-aware epoch {number}/{recipe.qat.epochs}",
            epochs_after=recipe.qat.epochs - number,
            last_epoch_s=history[-1].seconds if history else None,
        )
        fitted = trained.fit(
            _batches(recipe, train, targets, number, teachers),
            verbose=0,
            callbacks=[_tf_keras_bar(bar, len(train) // recipe.batch_size)],
        ).history
        pin_input_range(network)
        probabilities = predict(network, validation.images)
        history.append(
            Epoch(
                number=number,
                learning_rate=recipe.qat.learning_rate,
                loss=float(fitted["loss"][0]),
                accuracy=float(fitted["accuracy"][0]),
                validation_loss=cross_entropy(probabilities, validation.labels),
                validation_accuracy=score(probabilities, validation.labels).accuracy,
                seconds=time.monotonic() - started,
                top3=float(fitted["top3"][0]),
                validation_top3=top_share(probabilities, validation.labels),
            )
        )
        if not np.isfinite(history[-1].loss):
            raise TrainingError(
                f"the loss of quantization-aware epoch {number} is not finite; lower "
                f"qat.learning_rate (now {recipe.qat.learning_rate:g})"
            )
        if best_epoch(history, recipe.monitor).number == number:
            with whole_file(folder / QAT_MODEL) as temporary, warnings.catch_warnings():
                # HDF5, since tf-keras cannot read quantize wrappers back from a .keras file
                warnings.filterwarnings("ignore", message=".*HDF5.*")
                network.save(temporary)
        on_epoch(history[-1])
    return history


def quantized_copy(float_network: Any, recipe: Recipe) -> Any:
    """Build the tf-keras twin of a Keras 3 network, with its weights, ready for QAT.

    Batch normalisations are frozen: the converted file knows no batch's own statistics, and at the
    rates of fine-tuning the moving ones would follow the augmentation within an epoch while the
    weights hardly move (Krishnamoorthi 2018, arXiv:1806.08342, on freezing them).
    """
    twin = recipe.network.build(
        tf_keras, size_px=recipe.size_px, classes=float_network.output_shape[-1]
    )
    twin.set_weights(float_network.get_weights())
    for layer in twin.layers:
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.trainable = False
    registry = default_8bit_quantize_registry.Default8BitQuantizeRegistry()
    passed: list[str] = []

    def annotate(layer: Any) -> Any:
        # a normalisation is quantised with the convolution before it
        if registry.supports(layer) or isinstance(layer, tf_keras.layers.BatchNormalization):
            return tfmot.quantization.keras.quantize_annotate_layer(layer)
        if isinstance(layer, tf_keras.layers.Multiply):  # not in the registry; an output suffices
            return tfmot.quantization.keras.quantize_annotate_layer(
                layer, default_8bit_quantize_configs.Default8BitOutputQuantizeConfig()
            )
        passed.append(layer.name)
        return tfmot.quantization.keras.quantize_annotate_layer(
            layer, default_8bit_quantize_configs.NoOpQuantizeConfig()
        )

    annotated = tf_keras.models.clone_model(twin, clone_function=annotate)
    annotated.set_weights(twin.get_weights())
    if passed:
        log.warning(
            "tfmot cannot quantise %s: trained without rounding there; the converter takes the "
            "range of the layer before",
            ", ".join(passed),
        )
    with tfmot.quantization.keras.quantize_scope():
        return tfmot.quantization.keras.quantize_apply(annotated)


def settle_ranges(network: Any, float_network: Any, images: NDArray[np.uint8]) -> None:
    """Start the ranges of activations from those of the float network.

    tfmot starts them at -6 to 6 and moves them by a thousandth a step, so that a short training
    would end before they arrive: pictures of 0 to 1 would keep a few dozen greys, and activations
    above 6 would be cut.

    Args:
        network: What `quantized_copy` made.
        float_network: Of which it made it.
        images: Grey faces, uint8 (n, height, width).
    """
    bounds: dict[str, list[Any]] = {}
    for wrapper in network.layers:
        for weight in wrapper.non_trainable_weights:
            if weight.name.rpartition("/")[2] in _OUTPUT_BOUNDS:
                bounds.setdefault(wrapper.layer.name, []).append(weight)
    _, height, width, _ = float_network.input_shape
    outputs = {name: float_network.get_layer(name).output for name in bounds}
    tap = keras.Model(float_network.inputs, outputs)
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in bounds}
    for start in range(0, len(images), 64):
        inputs = as_real(model_inputs(images[start : start + 64], height, width))
        for name, values in tap.predict_on_batch(inputs).items():
            seen[name].append((min(0.0, values.min()), max(0.0, values.max())))
    for name, weights in bounds.items():
        low, high = np.mean(seen[name], axis=0)
        for weight in weights:
            weight.assign(low if "_min" in weight.name else high)


class _Trained(tf_keras.Model):  # type: ignore[misc]  # tf-keras has no stubs
    """A quantization-aware network, the same layers, without what is frozen.

    tfmot lists the kernel of a frozen layer among the trainable weights (QuantizeWrapper.build).
    """

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights of the layers that are not frozen."""
        return [w for layer in self.layers if layer.trainable for w in layer.trainable_weights]


def pin_input_range(network: Any) -> None:
    """Fix the input's range to exactly 0 to 1, so that its scale becomes 1/255.

    tfmot takes the range from the values that it has seen, which may never reach pure white.
    """
    layer = network.layers[1]
    for weight in layer.weights:
        if weight.name.endswith("_min:0"):
            weight.assign(tf.zeros_like(weight))
        if weight.name.endswith("_max:0"):
            weight.assign(tf.ones_like(weight))


def _batches(
    recipe: Recipe,
    train: FaceSet,
    targets: NDArray[np.float32],
    epoch: int,
    teachers: Sequence[Any],
) -> tf.data.Dataset:
    pixels = model_inputs(train.images, recipe.size_px, recipe.size_px)
    share = recipe.loss.teacher_share if teachers else 0.0
    teaching = TeacherLoss(teachers, share, temperature=1.0)
    weights = class_weights(train.labels, len(train.class_names), recipe.class_weights)
    order = np.random.default_rng((recipe.seed, 1000 + epoch)).permutation(len(train))
    random = tf.random.Generator.from_seed(recipe.seed * 1000 + epoch)

    def prepare(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        batch = tf.cast(tf.gather(pixels, rows), tf.float32) * PIXEL_SCALE
        if recipe.qat.augment:
            draws = random.uniform((tf.shape(rows)[0], DRAWS))
            batch = augment(batch, draws, recipe.augmentation)
        wanted = tf.gather(targets, rows)
        if teachers:
            wanted = (1.0 - share) * wanted + share * teaching.soft_targets(batch)
        return batch, wanted, tf.gather(weights[train.labels], rows)

    # whole batches only: quantised batch normalisation dislikes a last batch of a few faces
    rows = tf.data.Dataset.from_tensor_slices(order).batch(recipe.batch_size, drop_remainder=True)
    return rows.map(prepare).prefetch(tf.data.AUTOTUNE)


def _tf_keras_bar(bar: EpochBar, steps: int) -> Any:
    """Hand tf-keras the bar, which is a Keras 3 callback."""
    bar.set_params({"steps": steps})
    return tf_keras.callbacks.LambdaCallback(
        on_train_begin=bar.on_train_begin,
        on_batch_end=bar.on_train_batch_end,
        on_train_end=bar.on_train_end,
    )
