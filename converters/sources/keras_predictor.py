"""A run's Keras network as a predictor (see `fer_edge.evaluation.predictors`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.light import Light

from .keras_models import load_any_network
from .source import float_probabilities


@dataclass(frozen=True, slots=True)
class KerasPredictor:
    """A Keras network that reads faces as gray values, 0 to 1."""

    network: Any

    @property
    def parameters(self) -> int:
        """Number of weights and biases, including the statistics of batch normalization."""
        return int(self.network.count_params())

    def probabilities(self, faces: FaceSet, light: Light) -> NDArray[np.float32]:
        """Classify all faces of a set; returns float32 (n, classes)."""
        return float_probabilities(self.network, faces, light=light)


def open_predictor(path: Path) -> KerasPredictor:
    """Open a run's `model.keras`.

    Raises:
        ModelError: It cannot be read.
    """
    network, _ = load_any_network(path)
    return KerasPredictor(network)
