"""The four-block CNN that most public FER2013 projects describe.

Four blocks of 32, 64, 128 and 256 filters, 3x3 and same padding, each followed by batch
normalisation, 2x2 max pooling and dropout 0.25; then flatten, a dense layer, dropout 0.5 and a
softmax. Public repositories report 65.92 % best validation accuracy after 60 epochs.

    input    parameters   MACs     int8 file
    48x48    981,927      33.1 M   1.0 MB

The normalisation stands between convolution and ReLU, where TFLite folds it into the
convolution (behind the ReLU it would stay a multiplication and an addition of its own).

The dense layer is normalised too: without it the network hardly learns at first (400 steps of
Adam, rate 1e-3: 25 % training accuracy, with it 33 %). And it is written as a convolution over the
whole 3x3 map, which is the same multiplication: tfmot folds a normalisation into convolutions, but
leaves a dense layer with one in float32 (2.8 MB instead of 1.0).
"""

from typing import Any

FILTERS = (32, 64, 128, 256)


def four_block(keras: Any, *, size_px: int = 48, classes: int = 7, dense_units: int = 256) -> Any:
    """Build the network; see the module's text."""
    layers = keras.layers
    inputs = keras.Input((size_px, size_px, 1), name="face")
    x = inputs
    for block, filters in enumerate(FILTERS, start=1):
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"conv{block}",
        )(x)
        x = layers.BatchNormalization(name=f"norm{block}")(x)
        x = layers.ReLU(name=f"relu{block}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Dropout(0.25, name=f"drop{block}")(x)
    x = layers.Conv2D(
        dense_units,
        x.shape[1],
        use_bias=False,
        kernel_initializer="he_normal",
        name="dense",
    )(x)
    x = layers.BatchNormalization(name="dense_norm")(x)
    x = layers.ReLU(name="dense_relu")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    outputs = layers.Dense(classes, activation="softmax", name="expression")(x)
    return keras.Model(inputs, outputs, name="four_block")
