"""A LeNet of two blocks on an enlarged picture, as in public notebooks.

The input is resized to 256x256 inside the model (its rescaling is the input's own range, 0 to 1);
two blocks of a convolution with F, then 2F+4 filters (valid padding, ReLU, L2), batch normalization
and a max pooling whose stride is twice the convolution's, dropout after the first; flatten; two
dense layers with L2 and batch normalization, dropout after the first; softmax.

    input              parameters   MACs     int8 file
    48x48 -> 256x256   1,970,027    19.0 M   1.98 MB

The first dense layer has nearly all parameters: the design is not suitable for a small file.
"""

from dataclasses import dataclass
from typing import Any

from .parts import model


@dataclass(frozen=True, slots=True)
class LeNet:
    """LeNet; see the module docstring."""

    resized_px: int = 256
    """Side to which the face is enlarged inside the network."""
    filters: int = 6
    """Filters of the first convolution; the second has twice as many, plus four."""
    kernel_size: int = 3
    """Side of both convolutions."""
    strides: int = 1
    """Step of both convolutions; the poolings have twice that."""
    regularization_rate: float = 0.01
    """L2 penalty of convolutions and dense layers."""
    pool_size: int = 2
    """Side of both poolings."""
    dropout_rate: float = 0.2
    """Dropout behind the first block and the first dense layer."""
    dense1: int = 32
    """Units of the first dense layer."""
    dense2: int = 16
    """Units of the second dense layer."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        layers = keras.layers
        regularizer = keras.regularizers.L2(self.regularization_rate)
        inputs = keras.Input((size_px, size_px, 1), name="face")
        x = layers.Resizing(self.resized_px, self.resized_px, name="resize")(inputs)
        for block, filters in enumerate((self.filters, 2 * self.filters + 4), start=1):
            x = layers.Conv2D(
                filters,
                self.kernel_size,
                strides=self.strides,
                padding="valid",
                kernel_regularizer=regularizer,
                name=f"conv{block}",
            )(x)
            # the source applies ReLU, then normalization; this order can be folded into the
            # convolution
            x = layers.BatchNormalization(name=f"norm{block}")(x)
            x = layers.ReLU(name=f"relu{block}")(x)
            x = layers.MaxPooling2D(self.pool_size, strides=2 * self.strides, name=f"pool{block}")(
                x
            )
            if block == 1:
                x = layers.Dropout(self.dropout_rate, name="drop1")(x)
        for dense, units in enumerate((self.dense1, self.dense2), start=1):
            x = layers.Conv2D(
                units, x.shape[1], kernel_regularizer=regularizer, name=f"dense{dense}"
            )(x)
            x = layers.BatchNormalization(name=f"dense{dense}_norm")(x)
            x = layers.ReLU(name=f"dense{dense}_relu")(x)
            if dense == 1:
                x = layers.Dropout(self.dropout_rate, name="drop2")(x)
        return model(keras, inputs, x, classes, name="lenet")
