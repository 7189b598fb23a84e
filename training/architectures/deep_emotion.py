"""Deep-Emotion: a small CNN after a spatial transformer that aligns the face.

Minaee and Abdolrashidi 2019 (arXiv:1902.01019). The transformer's localization network, of two
convolutions with pooling and two dense layers, predicts an affine map, by which the face is
resampled. Then follow four 3x3 convolutions with a pooling after each two, dropout, and two dense
layers. The numbers of filters (8 and 10; 10 each) and units (32; 50) are those of most public
PyTorch versions. Here every convolution is normalized, and the affine map is predicted as two
passes of shear, scale and shift, each number limited to -1 to 1 by a tanh (`sampler`).

    input    parameters   MACs     int8 file
    48x48    86,467       6.07 M   0.11 MB

19,552 of the parameters are constants of the sampler.

Cost of int8: all operators are int8, and there is no QUANTIZE in the middle of the graph. The
operators of the sampler are FULLY_CONNECTED, RESHAPE, CONV_2D, TANH and MUL; tfmot does not support
MUL, so `training/loop/quantized_stage.py` rounds its output. Trained as in
`docs/explanation/architectures.md`, int8 without QAT agrees with float32 on 96.6% of PublicTest, at
the same accuracy (46.61% against 46.67%; the difference is -0.06 points, 95% interval -0.51 to
0.40). The file is a third as large. The speed hardly changes:
`python -m benchmarks.conversion_table` reports 0.233 ms for float32 and 0.229 ms for int8 (one
x86-64 core, LiteRT 2.3 with XNNPACK).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .parts import conv_norm_relu, model
from .sampler import PARAMETERS, constant, resample

GAIN = 0.05
"""Factor of the predicted numbers: an alignment that learns as fast as the rest of the network
reaches its limits within the first steps and stays there. Adam would undo a smaller gradient, but
not a smaller factor."""


@dataclass(frozen=True, slots=True)
class DeepEmotion:
    """Deep-Emotion; see the module docstring."""

    filters: tuple[int, int, int, int] = (10, 10, 10, 10)
    """Filters of the four convolutions."""
    dense_units: int = 50
    """Units of the dense layer."""
    dropout: float = 0.5
    """Dropout in front of the dense layers."""
    locator_filters: tuple[int, int] = (8, 10)
    """Filters of the two convolutions that find the face's position."""
    locator_units: int = 32
    """Units of the dense layer behind them."""
    reach: float = 0.15
    """Largest displacement of a pixel along each axis, as a share of the side."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        layers = keras.layers
        inputs = keras.Input((size_px, size_px, 1), name="face")
        x = self._align(keras, inputs)
        for block in (1, 2):
            for step in (1, 2):
                filters = self.filters[2 * block + step - 3]
                x = conv_norm_relu(
                    keras, x, filters, 3, name=f"conv{block}_{step}", padding="valid"
                )
            x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Dropout(self.dropout, name="drop")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(self.dense_units, activation="relu", name="dense")(x)
        return model(keras, inputs, x, classes, name="deep_emotion")

    def _align(self, keras: Any, face: Any) -> Any:
        """The spatial transformer: localize the face, and resample it."""
        layers = keras.layers
        x = face
        for step, (filters, kernel) in enumerate(
            zip(self.locator_filters, (7, 5), strict=True), start=1
        ):
            x = conv_norm_relu(keras, x, filters, kernel, name=f"locate{step}", padding="valid")
            x = layers.MaxPooling2D(2, name=f"locate{step}_pool")(x)
        x = layers.Flatten(name="locate_flatten")(x)
        x = layers.Dense(self.locator_units, activation="relu", name="locate_dense")(x)
        passes = []
        for axis in "yx":
            # near zero, training starts with the face unchanged; at exactly zero all ramps would
            # be at a corner, where the gradient is undefined
            small = keras.initializers.RandomNormal(stddev=0.02)
            values = layers.Dense(
                PARAMETERS, kernel_initializer=small, name=f"align_{axis}_parameters"
            )(x)
            values = constant(
                layers.Dense(PARAMETERS, use_bias=False, name=f"align_{axis}_gain"),
                values,
                GAIN * np.eye(PARAMETERS),
            )
            passes.append(layers.Activation("tanh", name=f"align_{axis}_tanh")(values))
        reach_px = max(1, round(self.reach * face.shape[1]))
        return resample(keras, face, passes, reach_px, name="align")
