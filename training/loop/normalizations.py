"""Measuring the statistics of batch normalizations again.

During training they lag behind the weights and belong to augmented faces. Averaged weights have
different statistics (Izmailov et al. 2018, arXiv:1803.05407, section 3.2): without this, the scores
of averaged weights mean little until the learning rate has fallen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import as_real, model_inputs

from ..backend.keras3 import keras

_BATCH = 256
_FACES = 2048

Statistics = Callable[[NDArray[np.float32]], list[Any]]
"""From a batch of faces to its mean and variance at every normalization."""


def measurement(network: Any, images: NDArray[np.uint8]) -> Callable[[], None]:
    """Return a function that sets mean and variance of every batch normalization from faces.

    On JAX it is compiled at its first call. Otherwise each operation of each layer is a separate
    call of the device, and most of the time passes between these calls.

    Args:
        network: Keras model; frozen normalizations stay unchanged.
        images: uint8, (n, height, width), training faces in any order; some of them are used.
    """
    places = [place for norm in _learning_norms(network) for place in _statistics(norm)]
    some = np.random.default_rng(0).permutation(len(images))[:_FACES]
    pixels = as_real(model_inputs(images[some], *network.input_shape[1:3]))
    batches = np.array_split(pixels, -(-len(pixels) // _BATCH))
    of_batch = _compiled if keras.backend.backend() == "jax" else _called
    statistics_of = of_batch(network, places)

    def measure() -> None:
        sums = [np.zeros(place.shape) for place in places]
        for batch in batches:
            for total, statistic in zip(sums, statistics_of(batch), strict=True):
                total += keras.ops.convert_to_numpy(statistic) * len(batch)
        for place, total in zip(places, sums, strict=True):
            place.assign(total / len(pixels))

    return measure


def _called(network: Any, places: list[Any]) -> Statistics:
    def statistics_of(batch: NDArray[np.float32]) -> list[Any]:
        with _unaveraged(network):
            network(batch, training=True)
        return [keras.ops.copy(place.value) for place in places]

    return statistics_of


def _compiled(network: Any, places: list[Any]) -> Statistics:
    import jax

    at = {id(variable): number for number, variable in enumerate(network.non_trainable_variables)}
    numbers = [at[id(place)] for place in places]

    @jax.jit
    def run(trainable: Any, others: Any, batch: Any) -> list[Any]:
        with _unaveraged(network):
            _, changed = network.stateless_call(trainable, others, batch, training=True)
        return [changed[number] for number in numbers]

    def statistics_of(batch: NDArray[np.float32]) -> list[Any]:
        variables = (network.trainable_variables, network.non_trainable_variables)
        found: list[Any] = run(*([v.value for v in group] for group in variables), batch)
        return found

    return statistics_of


@contextmanager
def _unaveraged(network: Any) -> Iterator[None]:
    """Store the statistics of the last batch instead of a moving average, inside the block."""
    momenta = [(norm, norm.momentum) for norm in _learning_norms(network)]
    try:
        for norm, _ in momenta:
            norm.momentum = 0.0
        yield
    finally:
        for norm, momentum in momenta:
            norm.momentum = momentum


def _learning_norms(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _learning_norms(layer)
        elif isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            yield layer


def _statistics(norm: Any) -> tuple[Any, Any]:
    return norm.moving_mean, norm.moving_variance
