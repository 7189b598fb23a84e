"""Transfer learning on ResNet50 (He et al. 2015, arXiv:1512.03385), as public FER projects do it.

Keras's ResNet50 without top, with frozen ImageNet weights; global average pooling, dropout, two
dense ReLU layers, softmax. The ImageNet preprocessing (the gray value as blue, green and red, each
minus its ImageNet mean) is a frozen 1x1 convolution at the input, so that the input is pixel/255 as
for the other architectures.

    input    parameters    MACs     int8 file
    56x56    24,146,061    282 M    24.7 MB

Frozen layers keep their normalization in inference mode, and so does the base's normalization when
its convolutions are unfrozen, as Keras's guide to transfer learning recommends: batches of faces
would overwrite what was learned from ImageNet. Quantization-aware training rounds frozen weights
and trains the others. In int8 no operator stays float.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import RecipeError

from .parts import model
from .resnet50_weights import load_resnet50_weights

SMALLEST_PX = 32
_MEAN_BGR = (103.939, 116.779, 123.68)


@dataclass(frozen=True, slots=True)
class ResNet50:
    """ResNet50 with a new head; see the module docstring."""

    weights: str = "imagenet"
    """Initial weights of the base: imagenet, a FILE with the weights of Keras's ResNet50 without
    top, or none for random weights, with which the whole base is trained."""
    unfrozen_layers: int = 0
    """Number of layers at the end of the base, of Keras's 175, that are also trained;
    normalizations keep their statistics."""
    dense1: int = 256
    """Units of the first dense layer."""
    dense2: int = 128
    """Units of the second dense layer."""
    dropout: float = 0.5
    """Dropout in front of the dense layers."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network with a random base.

        Raises:
            RecipeError: The faces are too small.
        """
        if size_px < SMALLEST_PX:
            raise RecipeError(
                f"'size_px' is {size_px}, expected at least {SMALLEST_PX} for resnet50"
            )
        layers = keras.layers
        inputs = keras.Input((size_px, size_px, 1), name="face")
        preprocess = layers.Conv2D(3, 1, trainable=False, name="preprocess")
        x = preprocess(inputs)
        preprocess.set_weights([np.full((1, 1, 1, 3), 255.0), -np.array(_MEAN_BGR)])
        base = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
        self._freeze(keras, base)
        x = layers.GlobalAveragePooling2D(name="average")(base.output)
        x = layers.Dropout(self.dropout, name="drop")(x)
        for number, units in enumerate((self.dense1, self.dense2), start=1):
            x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)
        return model(keras, inputs, x, classes, name="resnet50")

    def load_weights(self, keras: Any, network: Any, images: NDArray[np.uint8]) -> None:
        """Set ImageNet's weights, or those of a file; see `Pretrained.load_weights`."""
        load_resnet50_weights(keras, network, self.weights)

    def _freeze(self, keras: Any, base: Any) -> None:
        if self.weights == "none":
            return
        first_trained = len(base.layers) - self.unfrozen_layers
        for number, layer in enumerate(base.layers):
            if number < first_trained or isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
