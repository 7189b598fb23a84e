"""mini-XCEPTION, widely used on small devices (Arriaga et al. 2017, arXiv:1710.07557).

Two 3x3 convolutions, four residual modules of two separable convolutions and a max pooling, a
convolution to the classes, global average pooling, softmax. This is the network of the package
`fer`.

    input    parameters   MACs     int8 file
    64x64    58,423       10.2 M   0.11 MB

Separable convolutions are implemented as a depthwise and a pointwise convolution.
"""

from dataclasses import dataclass
from typing import Any

from .parts import conv_norm_relu


@dataclass(frozen=True, slots=True)
class MiniXception:
    """mini-XCEPTION; see the module docstring."""

    stem: int = 8
    """Filters of the two first convolutions."""
    widths: tuple[int, ...] = (16, 32, 64, 128)
    """Filters of the residual modules, one number a module."""
    regularization_rate: float = 0.01
    """L2 penalty of the convolutions."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        layers = keras.layers
        inputs = keras.Input((size_px, size_px, 1), name="face")
        x = conv_norm_relu(keras, inputs, self.stem, 3, name="stem1", padding="valid")
        x = conv_norm_relu(keras, x, self.stem, 3, name="stem2", padding="valid")
        for module, width in enumerate(self.widths, start=1):
            # a 1x1 convolution of stride 2 in two steps: in one step, TensorFlow 2.21 with oneDNN
            # writes out of bounds when it trains on a CPU (60x60 input; "corrupted top size")
            shortcut = layers.MaxPooling2D(1, strides=2, name=f"subsample{module}")(x)
            shortcut = conv_norm_relu(
                keras, shortcut, width, 1, name=f"shortcut{module}", relu=False
            )
            x = self._separable(keras, x, width, name=f"module{module}a", relu=True)
            x = self._separable(keras, x, width, name=f"module{module}b", relu=False)
            x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"pool{module}")(x)
            x = layers.Add(name=f"add{module}")([x, shortcut])
        x = layers.Conv2D(classes, 3, padding="same", name="classes")(x)
        x = layers.GlobalAveragePooling2D(name="average")(x)
        outputs = layers.Softmax(name="expression")(x)
        return keras.Model(inputs, outputs, name="mini_xception")

    def _separable(self, keras: Any, x: Any, width: int, *, name: str, relu: bool) -> Any:
        x = keras.layers.DepthwiseConv2D(
            3,
            padding="same",
            use_bias=False,
            depthwise_regularizer=keras.regularizers.L2(self.regularization_rate),
            name=f"{name}_depthwise",
        )(x)
        return conv_norm_relu(keras, x, width, 1, name=name, relu=relu)
