"""Pieces that several architectures share.

Every builder uses only what Keras 3 and tf-keras have in common, and gives each layer a name, so
that weights go across by order and tfmot's report can be read.
"""

from typing import Any

NORM = "_norm"
"""How the name of a normalization ends, after that of the layer before it."""


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
    """Convolution, batch normalization, ReLU: the order that TFLite and tfmot fold into one."""
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
    """A normalized dense ReLU layer over everything, as a convolution over the whole map.

    The same multiplication as flatten and dense; but tfmot folds the normalization of a
    convolution, and leaves a dense layer with one in float32.
    """
    if x.shape[1] != x.shape[2]:
        raise ValueError(f"the map is {x.shape[1]}x{x.shape[2]}; expected a square one")
    return conv_norm_relu(keras, x, units, x.shape[1], name=name, padding="valid")


def model(keras: Any, inputs: Any, x: Any, classes: int, *, name: str) -> Any:
    """End in a softmax over the classes."""
    if len(x.shape) == 4:
        x = keras.layers.Flatten(name="flatten")(x)
    outputs = keras.layers.Dense(classes, activation="softmax", name="expression")(x)
    return keras.Model(inputs, outputs, name=name)


def freeze(network: Any, beginnings: tuple[str, ...]) -> None:
    """Keep the layers whose names begin so from being trained."""
    for layer in network.layers:
        if layer.name.startswith(beginnings):
            layer.trainable = False
