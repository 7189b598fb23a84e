"""A deep CNN with 4x4 kernels, as in public FER notebooks.

4x4 kernels and same padding: 64, 64, pool, dropout 0.2; 128, pool, 0.3; 128, 128, pool, 0.4;
flatten; dense 128; softmax; L2 1e-4; Adam 3e-4.

    input    parameters   MACs     int8 file
    48x48    1,314,823    305 M    1.34 MB
"""

from dataclasses import dataclass
from typing import Any

from .parts import model


@dataclass(frozen=True, slots=True)
class Deep4x4:
    """The 4x4 CNN; see the module docstring."""

    kernel_size: int = 4
    """Side of every convolution."""
    dense_units: int = 128
    """Units of the dense layer."""
    regularization_rate: float = 1e-4
    """L2 penalty of every kernel."""
    dropouts: tuple[float, float, float] = (0.2, 0.3, 0.4)
    """Dropout behind each of the three poolings."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        layers = keras.layers
        regularizer = keras.regularizers.L2(self.regularization_rate)
        inputs = x = keras.Input((size_px, size_px, 1), name="face")
        stages = ((64, 64), (128,), (128, 128))
        for stage, (widths, dropout) in enumerate(zip(stages, self.dropouts, strict=True), start=1):
            for step, filters in enumerate(widths, start=1):
                x = layers.Conv2D(
                    filters,
                    self.kernel_size,
                    padding="same",
                    use_bias=False,
                    kernel_regularizer=regularizer,
                    name=f"conv{stage}_{step}",
                )(x)
                x = layers.BatchNormalization(name=f"norm{stage}_{step}")(x)
                x = layers.ReLU(name=f"relu{stage}_{step}")(x)
            x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
            x = layers.Dropout(dropout, name=f"drop{stage}")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(
            self.dense_units, activation="relu", kernel_regularizer=regularizer, name="dense"
        )(x)
        return model(keras, inputs, x, classes, name="deep_4x4")
