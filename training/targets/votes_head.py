"""A second head that learns the votes of FER+'s taggers, while the first learns FER2013's labels.

FER2013's labels came from search words and are often wrong; ten people looked at each face for
FER+. Mixed into one target (`loss.vote_share`) the two conflict, since epochs are selected and
users evaluate by the label. A separate head makes the votes shape only the features (Caruana 1997,
doi:10.1023/A:1007379606734) and is dropped after training: the network itself does not change.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.labels import FERPLUS_CLASSES

from ..backend.keras3 import keras

ops = keras.ops


class VotesHead(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """Returns the probabilities and adds the distance from the votes to the loss.

    Args:
        shares: float32, (n, FER+ classes), one row per training face; see `vote_shares`.
        weight: Weight of this loss, relative to the labels'.
    """

    def __init__(self, shares: NDArray[np.float32], weight: float) -> None:
        super().__init__(name="votes_head")
        self._weight = weight
        self.shares = self.add_weight(
            shape=shares.shape, dtype="float32", initializer="zeros", trainable=False
        )
        self.shares.assign(shares)
        self._logits = keras.layers.Dense(shares.shape[1], dtype="float32", name="votes")

    def build(self, input_shape: Any) -> None:
        """Build the dense layer for the shape of the features."""
        _, features, _ = input_shape
        self._logits.build(features)
        self.built = True

    def call(self, inputs: tuple[dict[str, Any], Any, Any], training: bool = False) -> Any:
        """Process (rows as in `ResidentFaces.call`, features, probabilities); return the last."""
        rows, features, probabilities = inputs
        if training:
            said = ops.log_softmax(self._logits(features), axis=-1)
            distance = -ops.mean(ops.sum(self._wanted(rows) * said, axis=-1))
            self.add_loss(self._weight * distance)
        return probabilities

    def _wanted(self, rows: dict[str, Any]) -> Any:
        shares = ops.take(self.shares, rows["row"], axis=0)
        if "other" not in rows:
            return shares
        blend = rows["share"][:, None]
        return blend * shares + (1.0 - blend) * ops.take(self.shares, rows["other"], axis=0)


def vote_shares(votes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the share of each face's votes for FER+'s eight classes.

    Args:
        votes: uint8, (n, 10), in the order of `fer_edge.faces.labels.FERPLUS`.

    Returns:
        float32, (n, 8); all zero, which adds nothing to the loss, if there are no such votes.
    """
    counted = votes[:, : len(FERPLUS_CLASSES)].astype(np.float32)
    shares: NDArray[np.float32] = counted / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    return shares
