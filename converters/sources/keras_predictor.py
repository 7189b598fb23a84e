"""A run's Keras network as a predictor (see `fer_edge.evaluation.predictors`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet

from .keras_models import load_any_network
from .source import float_probabilities


@dataclass(frozen=True, slots=True)
class KerasPredictor:
    """A Keras network that reads faces as they are: grey, 0 to 1."""

    network: Any

    @property
    def parameters(self) -> int:
        """Weights and biases, the statistics of batch normalization among them."""
        return int(self.network.count_params())

    def probabilities(self, faces: FaceSet) -> NDArray[np.float32]:
        """Read every face of a set; returns float32 (n, classes)."""
        return float_probabilities(self.network, faces)


def open_predictor(path: Path) -> KerasPredictor:
    """Open a run's `model.keras`.

    Raises:
        ModelError: It cannot be read.
    """
    network, _ = load_any_network(path)
    return KerasPredictor(network)
