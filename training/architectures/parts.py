"""Layers that several architectures share.

Builders use only what Keras 3 and tf-keras have in common, and name every layer, so that weights
can be copied by order and the report of tfmot is readable.
"""

from typing import Any

NORM = "_norm"
"""Suffix of the name of a normalization, after the name of the layer before it."""


def conv_norm_relu(
    keras: Any,
    x: Any,
    filters: int,
    kernel: int,
    *,
    name: str,
    strides: int = 1,
    padding: str = "same",
    relu: bool = True,
) -> Any:
    """Convolution, batch normalization, ReLU: the order that TFLite and tfmot can fold."""
    layers = keras.layers
    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    x = layers.BatchNormalization(name=name + NORM)(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def flat_dense(keras: Any, x: Any, units: int, *, name: str) -> Any:
    """A normalized dense ReLU layer, implemented as a convolution over the whole map.

    It computes the same as flatten and dense; but tfmot folds the normalization into a convolution,
    and leaves a normalized dense layer in float32.
    """
    if x.shape[1] != x.shape[2]:
        raise ValueError(f"the map is {x.shape[1]}x{x.shape[2]}; expected a square")
    return conv_norm_relu(keras, x, units, x.shape[1], name=name, padding="valid")


def model(keras: Any, inputs: Any, x: Any, classes: int, *, name: str) -> Any:
    """Add a softmax over the classes."""
    if len(x.shape) == 4:
        x = keras.layers.Flatten(name="flatten")(x)
    outputs = keras.layers.Dense(classes, activation="softmax", name="expression")(x)
    return keras.Model(inputs, outputs, name=name)


def freeze(network: Any, beginnings: tuple[str, ...]) -> None:
    """Freeze the layers whose names start with a prefix."""
    for layer in network.layers:
        if layer.name.startswith(beginnings):
            layer.trainable = False
