"""The four-block CNN of most public FER2013 projects.

Four blocks of 32, 64, 128 and 256 filters, 3x3 and same padding, each followed by batch
normalization, 2x2 max pooling and dropout 0.25; then flatten, a dense layer, dropout 0.5 and a
softmax. Public repositories report a best validation accuracy of 65.92% after 60 epochs.

    name            input    parameters   MACs     int8 file
    four-block      48x48    981,927      33.1 M   1.01 MB
    four-block-56   56x56    1,014,311    44.9 M   1.05 MB

The normalization is between convolution and ReLU, where TFLite folds it into the convolution (after
the ReLU it would remain a separate multiplication and addition).

The dense layer is normalized too: without this the first epochs hardly learn. It is implemented as
a convolution over the whole 3x3 map, which is the same multiplication: tfmot folds a normalization
into a convolution, but leaves a normalized dense layer in float32.
"""

from dataclasses import dataclass
from typing import Any

from .parts import conv_norm_relu, flat_dense, model


@dataclass(frozen=True, slots=True)
class FourBlock:
    """The four-block CNN; see the module docstring."""

    filters: tuple[int, ...] = (32, 64, 128, 256)
    """Filters of the blocks, one number a block."""
    dense_units: int = 256
    """Units of the dense layer."""
    block_dropout: float = 0.25
    """Dropout behind each block."""
    dropout: float = 0.5
    """Dropout behind the dense layer."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        layers = keras.layers
        inputs = x = keras.Input((size_px, size_px, 1), name="face")
        x = _blocks(keras, x, self.filters, self.block_dropout)
        x = flat_dense(keras, x, self.dense_units, name="dense")
        x = layers.Dropout(self.dropout, name="drop")(x)
        return model(keras, inputs, x, classes, name="four_block")


@dataclass(frozen=True, slots=True)
class FourBlock56:
    """The four-block CNN with 2^n filters and two normalized dense layers, for 56x56."""

    first_filters_log2: int = 5
    """The blocks have 2^n, 2^(n+1), 2^(n+2), 2^(n+3) filters."""
    dense1: int = 256
    """Units of the first dense layer."""
    dense2: int = 128
    """Units of the second dense layer."""
    block_dropout: float = 0.25
    """Dropout behind each block."""
    dropout: float = 0.5
    """Dropout behind each dense layer."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        layers = keras.layers
        inputs = x = keras.Input((size_px, size_px, 1), name="face")
        filters = tuple(2 ** (self.first_filters_log2 + block) for block in range(4))
        x = _blocks(keras, x, filters, self.block_dropout)
        x = flat_dense(keras, x, self.dense1, name="dense1")
        x = layers.Dropout(self.dropout, name="drop_dense1")(x)
        x = flat_dense(keras, x, self.dense2, name="dense2")
        x = layers.Dropout(self.dropout, name="drop_dense2")(x)
        return model(keras, inputs, x, classes, name="four_block_56")


def _blocks(keras: Any, x: Any, widths: tuple[int, ...], dropout: float) -> Any:
    layers = keras.layers
    for block, filters in enumerate(widths, start=1):
        x = conv_norm_relu(keras, x, filters, 3, name=f"conv{block}")
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Dropout(dropout, name=f"drop{block}")(x)
    return x
