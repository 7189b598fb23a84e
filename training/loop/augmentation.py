"""Random augmentation of training faces, on the training device.

`augment` is a pure function of faces and uniform random numbers from [0, 1). The float stage (Keras
3, any backend) and the quantization-aware stage (tf-keras, where operations of Keras 3 run on
TensorFlow tensors) share it and differ only in how the random numbers are drawn.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..recipes.recipe import Augmentation

DRAWS = 17
"""Random numbers per face: rotation, shift x and y, zoom, flip, brightness, contrast; for erasing
whether, height, width, top and left; darkness, blur; for noise its strength and two patterns."""

_PATTERNS = 256
_FEWEST_PATTERNS = 32
_FULL_SIZE = 64
"""Largest side, in pixels, with all patterns: 4 MiB."""


def augment(faces: Any, draws: Any, settings: Augmentation) -> Any:
    """Augment each face with its own random numbers.

    Args:
        faces: float32 tensor, (n, size, size, 1), in [0, 1].
        draws: float32 tensor, (n, DRAWS), uniform in [0, 1).
        settings: Largest changes.

    Returns:
        float32 tensor of the same shape, in [0, 1]. Pixels from outside the face repeat the edge.
    """
    from ..backend.keras3 import keras

    ops = keras.ops

    signed = 2.0 * draws - 1.0
    if settings.rotation_degrees or settings.shift or settings.zoom or settings.flip:
        transform = _transform(ops, draws, signed, faces.shape[1], settings)
        faces = ops.image.affine_transform(
            faces,
            transform,
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )
    if settings.blur:
        is_blurred = draws[:, 13, None, None, None] < settings.blur
        faces = ops.where(is_blurred, _at_half_resolution(ops, faces), faces)
    if settings.contrast:
        factor = 1.0 + settings.contrast * signed[:, 6, None, None, None]
        faces = 0.5 + (faces - 0.5) * factor
    if settings.brightness:
        faces = faces + settings.brightness * signed[:, 5, None, None, None]
    if settings.darken:  # every second face keeps its brightness
        lost = settings.darken * ops.maximum(signed[:, 12, None, None, None], 0.0)
        faces = ops.clip(faces, 0.0, 1.0) * (1.0 - lost)
    if settings.erase:
        faces = ops.where(_rectangle(ops, draws, faces.shape[1], settings.erase), 0.5, faces)
    if settings.noise:  # every second face stays clean; a sensor adds noise after light is lost
        amount = settings.noise * ops.maximum(signed[:, 14, None, None, None], 0.0)
        faces = faces + amount * _noise(ops, draws, faces.shape[1])
    return ops.clip(faces, 0.0, 1.0)


def _at_half_resolution(ops: Any, faces: Any) -> Any:
    size = faces.shape[1]
    small = ops.average_pool(faces, 2, strides=2, padding="valid", data_format="channels_last")
    return ops.image.resize(
        small, (size, size), interpolation="bilinear", data_format="channels_last"
    )


def _noise(ops: Any, draws: Any, size: int) -> Any:
    """Add normal noise of deviation 1 to each face: the sum of two of a bank of fixed patterns.

    Drawing a number per pixel would cost more than all other augmentation.
    """
    patterns = _patterns(size)
    bank = ops.convert_to_tensor(patterns)
    one, other = (ops.cast(draws[:, at] * len(patterns), "int32") for at in (15, 16))
    return (ops.take(bank, one, axis=0) - ops.take(bank, other, axis=0)) / 2**0.5


@cache
def _patterns(size: int) -> NDArray[np.float32]:
    """Return fewer patterns for larger faces: they are part of the graph, for the whole run."""
    fitting = max(_FEWEST_PATTERNS, _PATTERNS * _FULL_SIZE**2 // size**2)
    shape = (min(_PATTERNS, fitting), size, size, 1)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def _rectangle(ops: Any, draws: Any, size: int, chance: float) -> Any:
    """Mark, with a given probability per face, a rectangle of 1/10 to 2/5 of each side."""
    place = ops.arange(size, dtype="float32")[None, :] / size
    inside = []
    for extent, start in ((8, 10), (9, 11)):
        length = 0.1 + 0.3 * draws[:, extent, None]
        begin = draws[:, start, None] * (1.0 - length)
        inside.append(ops.logical_and(place >= begin, place < begin + length))
    marked = ops.logical_and(inside[0][:, :, None, None], inside[1][:, None, :, None])
    return ops.logical_and(marked, draws[:, 7, None, None, None] < chance)


def _transform(ops: Any, draws: Any, signed: Any, size: int, settings: Augmentation) -> Any:
    """Build the eight numbers of `ops.image.affine_transform` per face, output to input pixels.

    Output pixel p is sampled at A (p - c) + c + t, where c is the center: one resampling for
    rotation, zoom, mirror and shift together.
    """
    angle = signed[:, 0] * (settings.rotation_degrees * 3.141592653589793 / 180.0)
    scale = 1.0 + settings.zoom * signed[:, 3]
    mirror = ops.where(draws[:, 4] < 0.5, -1.0, 1.0) if settings.flip else ops.ones_like(angle)
    a0, a1 = scale * ops.cos(angle) * mirror, -scale * ops.sin(angle)
    b0, b1 = scale * ops.sin(angle) * mirror, scale * ops.cos(angle)
    center = (size - 1) / 2.0
    shift_x, shift_y = settings.shift * size * signed[:, 1], settings.shift * size * signed[:, 2]
    a2 = center - a0 * center - a1 * center + shift_x
    b2 = center - b0 * center - b1 * center + shift_y
    zero = ops.zeros_like(angle)
    return ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)
