"""A network with int8 rounding in its graph, created by tfmot from a float network.

tensorflow-model-optimization supports tf-keras models only, so the architecture is built again with
tf-keras and gets the float weights by order.
"""

import logging
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # before tfmot, which searches for it

with without_chatter():
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs,
        default_8bit_quantize_registry,
    )

from fer_edge.faces.preprocess import as_real, model_inputs

from ..architectures import Architecture
from ..backend.keras3 import keras

log = logging.getLogger(__name__)

_OUTPUT_BOUNDS = tuple(
    f"{part}_{bound}:0" for part in ("output", "post_activation") for bound in ("min", "max")
)


def quantized_copy(float_network: Any, architecture: Architecture, size_px: int) -> Any:
    """Build the tf-keras copy of a Keras 3 network, with its weights, ready for QAT.

    Batch normalizations are frozen: the converted file has no batch statistics, and at the learning
    rates of fine-tuning the moving statistics would follow the augmentation within an epoch while
    the weights hardly change (Krishnamoorthi 2018, arXiv:1806.08342, on freezing them).
    """
    classes = float_network.output_shape[-1]
    twin = architecture.build(tf_keras, size_px=size_px, classes=classes)
    twin.set_weights(float_network.get_weights())
    for layer in twin.layers:
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.trainable = False
    registry = default_8bit_quantize_registry.Default8BitQuantizeRegistry()
    passed: list[str] = []

    def annotate(layer: Any) -> Any:
        # a normalization is quantized together with the convolution before it
        if registry.supports(layer) or isinstance(layer, tf_keras.layers.BatchNormalization):
            return tfmot.quantization.keras.quantize_annotate_layer(layer)
        if isinstance(
            layer, tf_keras.layers.Multiply
        ):  # not in the registry; quantizing the output is sufficient
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
            "tfmot cannot quantize %s: it is trained without rounding; the converter uses the "
            "range of the layer before",
            ", ".join(passed),
        )
    with tfmot.quantization.keras.quantize_scope():
        return tfmot.quantization.keras.quantize_apply(annotated)


def settle_ranges(network: Any, float_network: Any, images: NDArray[np.uint8]) -> None:
    """Initialize the ranges of activations from those of the float network.

    tfmot starts with -6 to 6 and moves them by a thousandth per step, so a short training would end
    too early: inputs of 0 to 1 would keep only a few dozen levels, and activations above 6 would be
    clipped.

    Args:
        network: Network from `quantized_copy`.
        float_network: Its float network.
        images: Gray faces, uint8 (n, height, width).
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


def pin_input_range(network: Any) -> None:
    """Fix the range of the input to exactly 0 to 1, so that its scale becomes 1/255.

    tfmot uses the range of the observed values, which may never reach pure white.
    """
    layer = network.layers[1]
    for weight in layer.weights:
        if weight.name.endswith("_min:0"):
            weight.assign(tf.zeros_like(weight))
        if weight.name.endswith("_max:0"):
            weight.assign(tf.ones_like(weight))
