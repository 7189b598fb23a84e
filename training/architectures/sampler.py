"""Affine resampling of a picture with trainable layers that TFLite supports in int8.

Jaderberg et al. 2015 (arXiv:1506.02025) sample a picture at an affine grid with bilinear weights.
The usual implementation gathers pixels at computed positions, but int8 has no such operator with
fractions. Here the affine map is split into a vertical and a horizontal shear, each with its own
scale and shift, as in the two-pass warp of Catmull and Smith (SIGGRAPH 1980): six numbers in both
forms, and every affine map without a rotation by a right angle. A pass moves each pixel along one
axis by

    d(x, y) = reach * (p x + q y + r)    pixels, with x and y from -1 to 1 and p, q, r from -1 to 1

and interpolates linearly between the neighbors at -reach ... reach. Their weights max(0, 1 - |d -
k|) consist of ramps: ramp(k) = min(max(d - k, 0), 1) and weight(k) = ramp(k - 1) - ramp(k). A pixel
with a displacement beyond the reach gets the neighbor at the reach. Outside the picture is black.
The displacement never exceeds a few pixels, which makes eight bits sufficient: they represent d
only, not coordinates over the whole picture.

The constants (coordinates, neighbors, ramps) are the weights of frozen layers.
"""

from typing import Any

import numpy as np

CEILING = 6.0
"""Displacements (-reach to reach) and ramps (0 to 1) are mapped to 0 to this value: TFLite fuses
ReLU6 into the layer before."""
PARAMETERS = 3
"""Parameters per pass."""


def resample(keras: Any, picture: Any, parameters: Any, reach_px: int, *, name: str) -> Any:
    """Resample a picture with a vertical and a horizontal pass.

    Args:
        keras: The Keras 3 or the tf-keras module.
        picture: Tensor, (batch, size, size, 1).
        parameters: Two tensors (batch, 3) from -1 to 1, for the vertical and the horizontal pass.
            Zeros leave the picture unchanged.
        reach_px: Largest displacement of a pixel along each axis.
        name: Prefix of the layer names.

    Returns:
        Tensor with the shape of the picture.
    """
    for axis, values in zip((0, 1), parameters, strict=True):
        picture = _pass(keras, picture, values, reach_px, axis, name=f"{name}_{'yx'[axis]}")
    return picture


def _pass(keras: Any, picture: Any, values: Any, reach_px: int, axis: int, *, name: str) -> Any:
    layers = keras.layers
    size, taps = picture.shape[1], 2 * reach_px + 1
    place = (np.arange(size) - (size - 1) / 2) / (size / 2)
    y, x = np.meshgrid(place, place, indexing="ij")
    planes = np.stack([x, y, np.ones_like(x)]).reshape(PARAMETERS, -1)
    half = CEILING / 2
    moved = constant(
        layers.Dense(size * size, name=f"{name}_displacement"),
        values,
        half * planes,
        np.full(size * size, half),
    )
    moved = layers.ReLU(CEILING, name=f"{name}_displacement_relu")(moved)
    moved = layers.Reshape((size, size, 1), name=f"{name}_map")(moved)

    steps = np.arange(-reach_px, reach_px)
    ramps = constant(
        layers.Conv2D(2 * reach_px, 1, name=f"{name}_ramps"),
        moved,
        np.full((1, 1, 1, 2 * reach_px), CEILING * reach_px / half),
        -CEILING * (steps + reach_px),
    )
    ramps = layers.ReLU(CEILING, name=f"{name}_ramps_relu")(ramps)
    rises = np.zeros((2 * reach_px, taps))
    for step in range(2 * reach_px):
        rises[step, step], rises[step, step + 1] = -1 / CEILING, 1 / CEILING
    weights = constant(
        layers.Conv2D(taps, 1, name=f"{name}_weights"),
        ramps,
        rises[np.newaxis, np.newaxis],
        np.eye(taps)[0],
    )

    window = (taps, 1) if axis == 0 else (1, taps)
    neighbors = constant(
        layers.Conv2D(taps, window, padding="same", use_bias=False, name=f"{name}_neighbors"),
        picture,
        np.eye(taps).reshape(*window, 1, taps),
    )
    product = layers.Multiply(name=f"{name}_product")([neighbors, weights])
    return constant(
        layers.Conv2D(1, 1, use_bias=False, name=f"{name}_sum"), product, np.ones((1, 1, taps, 1))
    )


def constant(layer: Any, inputs: Any, *values: Any) -> Any:
    """Apply a layer with fixed weights."""
    layer.trainable = False
    outputs = layer(inputs)
    layer.set_weights([np.asarray(value, np.float32) for value in values])
    return outputs
