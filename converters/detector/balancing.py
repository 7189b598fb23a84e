"""The same network with channels of similar range, so that eight bits suit all channels.

The output channel of a convolution can be divided by any positive number if the next layer
multiplies its weights by the same number; ReLU and max pooling do not interfere. Nagel et al. 2019,
"Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tensorflow_keras import keras
from .network import build_body
from .yunet import INPUT, Convolution, Step, YuNetSource

_PASSING = ("Relu", "MaxPool")
_LARGEST_FACTOR = 16.0
_LEAST_PEAK = 1e-3


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two convolutions, where only the second reads the first.

    Attributes:
        first: Produces the channels.
        between: Name of the tensor that the second one reads.
        second: Reads the channels.
    """

    first: Step
    between: str
    second: Step


def balance(source: YuNetSource, inputs: NDArray[np.uint8]) -> YuNetSource:
    """Balance the channels between convolutions; the float network computes the same as before.

    Args:
        source: The network.
        inputs: Pictures for measuring the ranges, uint8, (n, height, width, 3), BGR.
    """
    pairs = _pairs(source)
    # a pointwise convolution has one scale per output, but only one for all its inputs: it shares
    # the imbalance with its input tensor
    shared = [pair for pair in pairs if _convolution(pair.second).groups == 1]
    peaks = _peaks(source, [pair.between for pair in shared], inputs)
    source = _divided(
        source, shared, [_shared_factors(*item) for item in zip(shared, peaks, strict=True)]
    )
    # a depthwise convolution has one scale per channel, and takes all of it
    pairs = _pairs(source)
    taken = [pair for pair in pairs if _convolution(pair.second).groups > 1]
    peaks = _peaks(source, [pair.between for pair in taken], inputs)
    return _divided(source, taken, [np.maximum(peak, _LEAST_PEAK * peak.max()) for peak in peaks])


def _pairs(source: YuNetSource) -> list[_Pair]:
    readers: Mapping[str, list[Step | None]] = defaultdict(list)
    for step in source.steps:
        for name in step.inputs:
            readers[name].append(step)
    for head in source.heads:
        readers[head.source].append(None)
    pairs = []
    for first in source.steps:
        between, found = first.output, readers[first.output]
        while len(found) == 1 and found[0] is not None and found[0].operator in _PASSING:
            between = found[0].output
            found = readers[between]
        if first.convolution is None or len(found) != 1 or found[0] is None:
            continue
        if found[0].convolution is not None:
            pairs.append(_Pair(first, between, found[0]))
    return pairs


def _peaks(
    source: YuNetSource, names: Sequence[str], inputs: NDArray[np.uint8]
) -> list[NDArray[np.float32]]:
    """Measure the largest magnitude of each channel of some tensors."""
    _, height, width, _ = inputs.shape
    tensors = build_body(source, height=height, width=width, upsampling="resize")
    network: Any = keras.Model(tensors[INPUT], [tensors[name] for name in names])
    peaks = [np.zeros(tensors[name].shape[-1], np.float32) for name in names]
    for pixels in inputs:
        results = network(pixels[np.newaxis].astype(np.float32), training=False)
        for peak, result in zip(peaks, results, strict=True):
            np.maximum(peak, abs(np.asarray(result)).max(axis=(0, 1, 2)), out=peak)
    return peaks


def _shared_factors(pair: _Pair, peaks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the factors that make the imbalance of channels and weights equal."""
    weights = abs(_convolution(pair.second).weights).max(axis=(0, 2, 3))
    ratio = _relative(peaks) / _relative(weights)
    factors: NDArray[np.float32] = np.sqrt(ratio).clip(1 / _LARGEST_FACTOR, _LARGEST_FACTOR)
    return factors


def _relative(sizes: NDArray[np.float32]) -> NDArray[np.float32]:
    relative: NDArray[np.float32] = np.maximum(sizes / sizes.max(), np.float32(0.01))
    return relative


def _divided(
    source: YuNetSource, pairs: Sequence[_Pair], factors: Sequence[NDArray[np.float32]]
) -> YuNetSource:
    """Divide the channels between each pair by its factors."""
    changed: dict[str, Convolution] = {}
    for pair, factor in zip(pairs, factors, strict=True):
        first = changed.get(pair.first.output, _convolution(pair.first))
        second = changed.get(pair.second.output, _convolution(pair.second))
        rows = factor[:, np.newaxis, np.newaxis, np.newaxis]
        columns = rows if second.groups > 1 else rows.transpose(1, 0, 2, 3)
        changed[pair.first.output] = replace(
            first, weights=first.weights / rows, bias=first.bias / factor
        )
        changed[pair.second.output] = replace(second, weights=second.weights * columns)
    steps = tuple(
        replace(step, convolution=changed.get(step.output, step.convolution))
        for step in source.steps
    )
    return replace(source, steps=steps)


def _convolution(step: Step) -> Convolution:
    if step.convolution is None:
        raise ValueError(f"{step.output} comes from {step.operator}, expected a convolution")
    return step.convolution
