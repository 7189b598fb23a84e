"""The aligner's network: five convolutions and two dense layers."""

from typing import Any

from fer_edge.chatter import without_chatter

with without_chatter():
    import keras

SIDE_PX = 40
_STAGES = ((16, 2), (32, 2), (32, 1), (48, 2), (48, 1))
"""Channels and stride of each convolution."""
_POINT_CHANNELS, _HIDDEN = 24, 64


def build_aligner(outputs: int) -> Any:
    """Build the network with random weights.

    Args:
        outputs: Number of outputs.

    Returns:
        A Keras network from float32 (n, 40, 40, 1), gray, 0 to 1, to float32 (n, outputs).
    """
    pixels = keras.Input((SIDE_PX, SIDE_PX, 1))
    tensor = pixels
    for channels, stride in _STAGES:
        tensor = keras.layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(
            tensor
        )
        tensor = keras.layers.BatchNormalization(momentum=0.95)(tensor)
        tensor = keras.layers.ReLU()(tensor)
    tensor = keras.layers.Conv2D(_POINT_CHANNELS, 1, activation="relu")(tensor)
    # no pooling: where an eye is matters
    tensor = keras.layers.Flatten()(tensor)
    tensor = keras.layers.Dense(_HIDDEN, activation="relu")(tensor)
    return keras.Model(pixels, keras.layers.Dense(outputs)(tensor), name="aligner")
