"""A float network out of a `.tflite` file: a start for training where no run folder is at hand.

Conversion folds each normalization into the convolution before it. Here they are parted again. The
file's kernel and bias say what both compute together; faces say which mean and variance the
normalization sees, so that the network computes the file's function with these (inference) and with
a batch's own (training). What the file rounded stays rounded.
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
"""As He et al. 2015 (arXiv:1502.01852) draw filters, in the mean. With a normalization behind it, a
filter's length changes nothing but how far a step turns it."""

_KERNEL_AXES = {"CONV_2D": (1, 2, 3, 0), "FULLY_CONNECTED": (1, 0)}
"""How TFLite's kernel becomes Keras'."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a layer and the normalization behind it, if any, compute together.

    Attributes:
        kernel: float32, (height, width, in, out) of a convolution, (in, out) of a dense layer.
        bias: float32, (out).
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def unfolded_network(file: ModelFile, images: NDArray[np.uint8]) -> Any:
    """Build the Keras network of a `compact` or `tiny` file.

    Args:
        file: Full-integer or float32.
        images: uint8, (n, height, width), grey faces, by which its normalizations are measured.

    Returns:
        A Keras model, float32, ready to be trained.

    Raises:
        TrainingError: The file's network is another one, or stored in another way.
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
        TrainingError: There is an unknown one, or one whose kernel the file does not hold as it is.
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
            f"{file.path} ({file.card.architecture}, {scheme}) cannot be trained: no layer of "
            f"compact or tiny has the weights {kernel.name}; expected an int8 or float32 file of "
            "one of these, or a run folder"
        )
    return named[0]


def _real(values: NDArray[Any], scales: tuple[float, ...]) -> NDArray[np.float32]:
    """Return what integers (out, ...) stand for; without scales they are real already."""
    steps = np.array(scales or (1.0,), np.float32)
    return values.astype(np.float32) * steps.reshape(-1, *[1] * (values.ndim - 1))


def _set(network: Any, layers: Mapping[str, Folded]) -> None:
    """Give a network its weights, and normalizations that change nothing yet but the length."""
    for name, folded in layers.items():
        layer = network.get_layer(name)
        if layer.use_bias:
            layer.set_weights([folded.kernel, folded.bias])
            continue
        lengths = np.sqrt((folded.kernel**2).sum(axis=(0, 1, 2))) / _FILTER_LENGTH
        lengths = np.maximum(lengths, 1e-6)  # a filter of zeros stays one
        layer.set_weights([folded.kernel / lengths])
        norm = network.get_layer(name + NORM)
        none, one = np.zeros_like(lengths), np.ones_like(lengths)
        norm.set_weights([lengths, folded.bias, none, one - norm.epsilon])


def _measure(network: Any, layers: Mapping[str, Folded], images: NDArray[np.uint8]) -> None:
    """Give each normalization the mean and variance that it sees, without changing its output."""
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
