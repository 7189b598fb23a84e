"""Scales of a detector's outputs to -1 to 1, so that eight bits are used where faces are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.card import CHANNELS, Head

from ..tensorflow_keras import keras
from .network import build_network
from .yunet import STRIDES, DetectionHead, YuNetSource

LARGEST_LOGIT = 6.0
"""Class and objectness are limited to plus and minus this: probabilities of 0.25 to 99.75%."""
_LIKELY = 0.1
_MARGIN = 0.2


def scale_heads(
    source: YuNetSource, inputs: NDArray[np.uint8]
) -> tuple[tuple[DetectionHead, ...], tuple[Head, ...]]:
    """Scale the heads by their outputs for faces.

    The channels of a box cover their values in cells that may be a face, plus a fifth of that range
    at both ends; class and objectness cover `LARGEST_LOGIT`.

    Args:
        source: The network.
        inputs: uint8, (n, height, width, 3), BGR.

    Returns:
        The heads with scaled weights, and their description for the card.
    """
    _, height, width, _ = inputs.shape
    network = build_network(
        source, source.heads, height=height, width=width, upsampling="resize", is_clipped=False
    )
    levels = range(len(STRIDES))
    points = [network.get_layer(f"point_{level}").output for level in levels]
    network = keras.Model(network.input, [*points, *network.outputs])
    peaks = np.zeros((len(STRIDES), len(CHANNELS)), np.float32)
    low, high = np.full_like(peaks, np.inf), np.full_like(peaks, -np.inf)
    for pixels in inputs:
        results: list[Any] = network(pixels[np.newaxis].astype(np.float32), training=False)
        given = [np.asarray(result).reshape(-1, len(CHANNELS)) for result in results]
        for level in levels:
            peaks[level] = np.maximum(peaks[level], abs(given[level]).max(axis=0))
            cells = given[len(STRIDES) + level]
            likely = cells[np.sqrt(_sigmoid(cells[:, 4]) * _sigmoid(cells[:, 5])) >= _LIKELY]
            if len(likely):
                low[level] = np.minimum(low[level], likely.min(axis=0))
                high[level] = np.maximum(high[level], likely.max(axis=0))
    scaled, described = [], []
    for stride, head, peak, least, most in zip(
        STRIDES, source.heads, peaks, low, high, strict=True
    ):
        scales, offsets = _range_of(least, most)
        scaled.append(head.scaled(np.maximum(peak, 1e-6), scales, offsets))
        described.append(Head(stride, _for_card(scales), _for_card(offsets)))
    return tuple(scaled), tuple(described)


def _range_of(
    low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the scales and offsets that map a head's outputs to -1 to 1."""
    if not np.isfinite(low).all():  # no face of this size among the pictures
        low, high = np.full_like(low, -2), np.full_like(high, 4)
    half = np.float32(0.5)
    scales = np.maximum((high - low) * (half + np.float32(_MARGIN)), np.float32(0.1))
    offsets = (high + low) * half
    scales[4:], offsets[4:] = LARGEST_LOGIT, 0
    return scales.round(3), offsets.round(3)


def _for_card(numbers: NDArray[np.float32]) -> tuple[float, ...]:
    return tuple(round(float(number), 3) for number in numbers)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    probabilities: NDArray[np.float32] = np.float32(1) / (np.float32(1) + np.exp(-logits))
    return probabilities
