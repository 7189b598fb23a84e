"""Networks that are not `.tflite` files, by suffix: who reads them is a table, as in `cli.py`.

The benchmark compares with a Keras network where Keras is installed, and must neither import it nor
the stage that can read it. That stage's module has a function `open_predictor(path)`.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet
from fer_edge.require import missing

PREDICTORS: dict[str, tuple[str, tuple[str, ...]]] = {
    ".keras": ("fer_edge.converters.sources.keras_predictor", ("keras", "tensorflow")),
}
"""Suffix -> the module that holds `open_predictor`, and the packages that it needs."""


class Predictor(Protocol):
    """A network that reads faces."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""

    def probabilities(self, faces: FaceSet) -> NDArray[np.float32]:
        """Read every face of a set; returns float32 (n, classes)."""


def check_predictor(path: Path) -> None:
    """Find out, without loading anything, whether a file's network can be opened here.

    Raises:
        MissingExtraError: A package for it is not installed.
    """
    _, packages = PREDICTORS[path.suffix]
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise missing("train", package, what=str(path), otherwise="leave it out")


def open_predictor(path: Path) -> Predictor:
    """Open a network by its suffix, which is in `PREDICTORS`.

    Raises:
        ModelError: The file is damaged.
        MissingExtraError: A package for it is not installed.
    """
    check_predictor(path)
    module: Any = importlib.import_module(PREDICTORS[path.suffix][0])
    door: Callable[[Path], Predictor] = module.open_predictor
    return door(path)
