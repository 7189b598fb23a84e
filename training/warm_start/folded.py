"""A float network from a `.tflite` file, as a start for training without a run folder.

Conversion folds each normalization into the convolution before it. Here they are separated again.
Kernel and bias in the file describe the combined function; faces determine the mean and variance of
the normalization, so that the network computes the function of the file with these (inference) and
with batch statistics (training). Values that the file rounded stay rounded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.file import ModelFile
from fer_edge.model.graph import Operator, Tensor, read_graph

from ..architectures.parts import NORM
from ..architectures.residual import WEIGHTED, plan_of
from ..backend.keras3 import keras

_BATCH = 256
_FILTER_LENGTH = 2**0.5
"""Mean filter length, as in the initialization of He et al. 2015 (arXiv:1502.01852). With a
normalization after it, the length of a filter only determines how far a step rotates it."""

_KERNEL_AXES = {"CONV_2D": (1, 2, 3, 0), "FULLY_CONNECTED": (1, 0)}
"""Axis order that converts TFLite's kernel to Keras's."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The combined function of a layer and the normalization after it, if any.

    Attributes:
        kernel: float32, (height, width, in, out) of a convolution, (in, out) of a dense layer.
        bias: float32, (out).
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def unfolded_network(file: ModelFile, images: NDArray[np.uint8]) -> Any:
    """Build the Keras network of a `compact` or `tiny` file.

    Args:
        file: Full-integer or float32 file.
        images: uint8, (n, height, width), gray faces for measuring the normalizations.

    Returns:
        A Keras model, float32, ready to be trained.

    Raises:
        TrainingError: The file contains another network, or another number format.
    """
    layers = folded_layers(file)
    filters = {name: len(layer.bias) for name, layer in layers.items()}
    plan = plan_of(file.card.architecture, filters)
    network = plan.build(keras, size_px=file.card.input.height, classes=len(file.card.labels))
    _set(network, layers)
    _measure(network, layers, images)
    return network


def folded_layers(file: ModelFile) -> dict[str, Folded]:
    """Read the layers with weights of a `compact` or `tiny` file, by their names in Keras.

    Raises:
        TrainingError: A layer is unknown, or its kernel is stored in another form.
    """
    interpreter = open_interpreter(
        find_runtime(), file.flatbuffer, name=str(file.path), threads=1, origin=file.origin
    )

    def values(tensor: Tensor) -> NDArray[np.float32]:
        return _real(interpreter.get_tensor(tensor.index), tensor.scales)

    layers = {}
    for operator in read_graph(file.flatbuffer).operators:
        if operator.name in _KERNEL_AXES:
            name = _name(operator, file)
            _, kernel, bias = operator.inputs
            axes = _KERNEL_AXES[operator.name]
            layers[name] = Folded(values(kernel).transpose(axes), values(bias))
    return layers


def _name(operator: Operator, file: ModelFile) -> str:
    kernel = operator.inputs[1]
    named = re.search(WEIGHTED, kernel.name)
    if named is None or not kernel.is_constant:
        scheme = file.card.quantization.scheme
        raise TrainingError(
            f"{file.path} ({file.card.architecture}, {scheme}) cannot be trained: its weights "
            f"{kernel.name} do not belong to a layer of compact or tiny; expected an int8 or "
            "float32 file of one of these, or a run folder"
        )
    return named[0]


def _real(values: NDArray[Any], scales: tuple[float, ...]) -> NDArray[np.float32]:
    """Return the real values of integers (out, ...); without scales they are already real."""
    steps = np.array(scales or (1.0,), np.float32)
    return values.astype(np.float32) * steps.reshape(-1, *[1] * (values.ndim - 1))


def _set(network: Any, layers: Mapping[str, Folded]) -> None:
    """Set the weights of a network, and normalizations that so far change the length only."""
    for name, folded in layers.items():
        layer = network.get_layer(name)
        if layer.use_bias:
            layer.set_weights([folded.kernel, folded.bias])
            continue
        lengths = np.sqrt((folded.kernel**2).sum(axis=(0, 1, 2))) / _FILTER_LENGTH
        lengths = np.maximum(lengths, 1e-6)  # a filter of zeros stays zero
        layer.set_weights([folded.kernel / lengths])
        norm = network.get_layer(name + NORM)
        none, one = np.zeros_like(lengths), np.ones_like(lengths)
        norm.set_weights([lengths, folded.bias, none, one - norm.epsilon])


def _measure(network: Any, layers: Mapping[str, Folded], images: NDArray[np.uint8]) -> None:
    """Set mean and variance of each normalization from faces, without changing its output."""
    plain = [name for name in layers if not network.get_layer(name).use_bias]
    norms = [network.get_layer(name + NORM) for name in plain]
    before = keras.Model(network.input, [norm.input for norm in norms])
    pixels = as_real(model_inputs(images, *network.input_shape[1:3]))
    batches = [pixels[first : first + _BATCH] for first in range(0, len(pixels), _BATCH)]
    seen = [[_moments(values) for values in before(batch, training=False)] for batch in batches]
    sizes = [len(batch) for batch in batches]
    for place, norm in enumerate(norms):
        mean, square = np.average([said[place] for said in seen], axis=0, weights=sizes)
        variance = np.maximum(square - mean**2, 0.0)
        scale, shift = norm.get_weights()[:2]
        gamma = scale * np.sqrt(variance + norm.epsilon)
        norm.set_weights([gamma, shift + scale * mean, mean, variance])


def _moments(values: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numbers = keras.ops.convert_to_numpy(values).astype(np.float64)
    return numbers.mean(axis=(0, 1, 2)), (numbers**2).mean(axis=(0, 1, 2))
