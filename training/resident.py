"""The data set as a layer: faces live in device memory and are gathered, and changed, there.

The training model takes row numbers. A step moves a few hundred bytes to the device instead of a
batch of pictures, so the input pipeline is never the limit, and plain `model.fit` works unchanged
on TensorFlow, JAX and PyTorch.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces import PIXEL_SCALE

from .augmentation import DRAWS, augment
from .backend import keras
from .recipe import Augmentation


class ResidentFaces(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """Row numbers in, model input out; augmented when training.

    Args:
        faces: uint8, (n, height, width), grey.
        settings: What to change in training.
        seed: Of the random draws.
    """

    def __init__(self, faces: NDArray[np.uint8], settings: Augmentation, seed: int) -> None:
        super().__init__(name="resident_faces")
        self._settings = settings
        self._draw_seed = keras.random.SeedGenerator(seed)
        self.pixels = self.add_weight(
            shape=(*faces.shape, 1), dtype="uint8", initializer="zeros", trainable=False
        )
        self.pixels.assign(faces[..., np.newaxis])

    def call(self, rows: Any, training: bool = False) -> Any:
        """Gather the rows as float32 (batch, height, width, 1) in [0, 1]."""
        faces = keras.ops.take(self.pixels, rows, axis=0)
        faces = keras.ops.cast(faces, "float32") * PIXEL_SCALE
        if not training:
            return faces
        draws = keras.random.uniform((keras.ops.shape(rows)[0], DRAWS), seed=self._draw_seed)
        return augment(faces, draws, self._settings)


def training_model(network: Any, faces: ResidentFaces) -> Any:
    """Put the resident faces in front of a network: row numbers in, probabilities out."""
    rows = keras.Input((), dtype="int32", name="row")
    return keras.Model(rows, network(faces(rows)))
