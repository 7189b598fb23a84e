"""Networks that are not `.tflite` files: a table of modules by suffix, as in `cli/main.py`.

The benchmark compares with a Keras network if Keras is installed, but must not import Keras or the
stage that reads its files. The module of that stage has a function `open_predictor(path)`.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.light import Light
from fer_edge.require import missing

PREDICTORS: dict[str, tuple[str, tuple[str, ...]]] = {
    ".keras": ("fer_edge.converters.sources.keras_predictor", ("keras", "tensorflow")),
}
"""Suffix -> the module with `open_predictor`, and the packages that it needs."""


class Predictor(Protocol):
    """A network that classifies faces."""

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""

    def probabilities(self, faces: FaceSet, light: Light) -> NDArray[np.float32]:
        """Classify all faces of a set, in this light; returns float32 (n, classes)."""


def check_predictor(path: Path) -> None:
    """Check, without importing anything, whether a network file can be opened here.

    Raises:
        MissingExtraError: A required package is not installed.
    """
    _, packages = PREDICTORS[path.suffix]
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise missing("train", package, what=str(path), otherwise="leave it out")


def open_predictor(path: Path) -> Predictor:
    """Open a network by its suffix, which is in `PREDICTORS`.

    Raises:
        ModelError: The file is damaged.
        MissingExtraError: A required package is not installed.
    """
    check_predictor(path)
    module: Any = importlib.import_module(PREDICTORS[path.suffix][0])
    door: Callable[[Path], Predictor] = module.open_predictor
    return door(path)
