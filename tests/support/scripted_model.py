"""Model whose readings a test writes down."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fer_edge.inference.model import TFLiteModel
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.file import read_model

SURE = 0.94
"""Probability of each expression of a script."""


class ScriptedModel(TFLiteModel):
    """Model that reads the expressions of a script, one by one; None stands for NaN.

    Attributes:
        readings: Number of readings so far.
    """

    def __init__(self, script: Iterable[str | None]) -> None:
        super().__init__(read_model(find_model(DEFAULT_MODEL)))
        self.readings = 0
        self._script = iter(script)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.readings += 1
        label = next(self._script)
        if label is None:
            return np.full(len(self.labels), np.nan, np.float32)
        other = (1 - SURE) / (len(self.labels) - 1)
        return np.where([name == label for name in self.labels], SURE, other).astype(np.float32)
