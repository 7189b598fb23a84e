"""Measuring the statistics of batch normalizations again.

During training they lag behind the weights and belong to augmented faces. Averaged weights have
different statistics (Izmailov et al. 2018, arXiv:1803.05407, section 3.2): without this, the scores
of averaged weights mean little until the learning rate has fallen.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import as_real, model_inputs

from ..backend.keras3 import keras

_BATCH = 256
_FACES = 2048


def measure_normalizations(network: Any, images: NDArray[np.uint8]) -> None:
    """Set mean and variance of every batch normalization from faces.

    Args:
        network: Keras model; frozen normalizations stay unchanged.
        images: uint8, (n, height, width), training faces in any order; some of them are used.
    """
    norms = list(_learning_norms(network))
    some = np.random.default_rng(0).permutation(len(images))[:_FACES]
    pixels = as_real(model_inputs(images[some], *network.input_shape[1:3]))
    batches = np.array_split(pixels, -(-len(pixels) // _BATCH))
    momenta = [norm.momentum for norm in norms]
    sums = [[np.zeros(statistic.shape) for statistic in _statistics(norm)] for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0  # statistics of each batch, not a moving average
        for batch in batches:
            network(batch, training=True)
            for norm, total in zip(norms, sums, strict=True):
                for place, statistic in enumerate(_statistics(norm)):
                    total[place] += keras.ops.convert_to_numpy(statistic) * len(batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    for norm, total in zip(norms, sums, strict=True):
        for statistic, values in zip(_statistics(norm), total, strict=True):
            statistic.assign(values / len(pixels))


def _learning_norms(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _learning_norms(layer)
        elif isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            yield layer


def _statistics(norm: Any) -> tuple[Any, Any]:
    return norm.moving_mean, norm.moving_variance
