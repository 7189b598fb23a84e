"""Weights of a face network for `mobilenet-face`, from a TF.js graph model.

The published network has its normalizations folded into its convolutions, which trains badly. So
each convolution gets a normalization that has no effect at first: its statistics are measured on
faces, its weight and bias undo them, and the kernel is divided by the deviation, so that all layers
learn at the same scale.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError
from fer_edge.faces.preprocess import as_real, model_inputs

from .parts import NORM
from .tfjs_graph import Convolution, read_convolutions

_FACES = 384
"""Number of faces for measuring the statistics."""
_SMALLEST = 1e-3
"""Deviation below which a channel is considered constant and is not divided."""


def load_face_weights(
    keras: Any,
    network: Any,
    images: NDArray[np.uint8],
    path: Path,
    names: Sequence[str],
    *,
    input_scale: float,
) -> None:
    """Set the weights of a face network in the base of an untrained network, and a head of zeros.

    Args:
        keras: The Keras 3 module.
        network: Untrained network; its preprocessing divides pixels by `input_scale`.
        path: Path of the JSON.
        names: Convolutions of the network, from the input on.
        input_scale: Divisor of the inputs.
        images: uint8, (n, height, width), gray training faces in any order; some are used.

    Raises:
        TrainingError: The file cannot be read, or belongs to another network.
    """
    read = read_convolutions(path)
    _check(path, network, names, read)
    for name, convolution in zip(names, read, strict=True):
        kernel = convolution.kernel * (input_scale if name == names[0] else 1.0)
        network.get_layer(name).set_weights([kernel])
        norm = network.get_layer(name + NORM)
        one = np.ones_like(convolution.bias)
        norm.set_weights([one, convolution.bias, 0 * one, one - norm.epsilon])
    _normalize(keras, network, names, images)
    head = network.layers[-1]
    head.set_weights([np.zeros_like(values) for values in head.get_weights()])


def _check(path: Path, network: Any, names: Sequence[str], read: tuple[Convolution, ...]) -> None:
    if len(read) != len(names):
        raise TrainingError(
            f"weights {path} have {len(read)} convolutions; expected the {len(names)} of MobileNet "
            "v1"
        )
    for name, convolution in zip(names, read, strict=True):
        layer = network.get_layer(name)
        shape = tuple(layer.get_weights()[0].shape)
        own = (shape, layer.strides[0], True)
        theirs = (convolution.kernel.shape, convolution.strides, convolution.is_clipped)
        if own != theirs:
            raise TrainingError(
                f"weights {path}, convolution '{name}': kernel {theirs[0]}, stride {theirs[1]}, "
                f"ReLU6 {theirs[2]}; expected {own[0]}, {own[1]} and ReLU6, those of MobileNet v1"
            )


def _normalize(keras: Any, network: Any, names: Sequence[str], images: NDArray[np.uint8]) -> None:
    """Set the statistics of each normalization from faces, without changing its output."""
    some = np.random.default_rng(0).permutation(len(images))[:_FACES]
    pixels = as_real(model_inputs(images[some], *network.input_shape[1:3]))
    outputs = [_moments(keras, network.get_layer(name).output) for name in names]
    found = keras.Model(network.input, outputs).predict(pixels, batch_size=32, verbose=0)
    for name, moments in zip(names, found, strict=True):
        mean = moments[:, 0].mean(axis=0)
        deviation = np.sqrt(np.maximum(moments[:, 1].mean(axis=0) - mean**2, _SMALLEST**2))
        layer, norm = network.get_layer(name), network.get_layer(name + NORM)
        (kernel,) = layer.get_weights()
        _, bias, _, _ = norm.get_weights()
        across = deviation[:, np.newaxis] if "depthwise" in name else deviation
        layer.set_weights([kernel / across])
        variance = np.ones_like(mean) - norm.epsilon
        norm.set_weights([deviation, bias + mean, mean / deviation, variance])


def _moments(keras: Any, maps: Any) -> Any:
    """Return mean and mean square of each channel of each face: (n, 2, channels)."""
    ops = keras.ops
    return ops.stack([ops.mean(maps, (1, 2)), ops.mean(ops.square(maps), (1, 2))], axis=1)
