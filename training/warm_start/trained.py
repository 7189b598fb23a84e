"""A trained network as a start or as a teacher, from a run folder or a model file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError, TrainingError
from fer_edge.keras_files.file import CheckedFile
from fer_edge.model.bundled import bundled_models, find_model
from fer_edge.model.file import read_model
from fer_edge.runfolder import FLOAT_MODEL, load_info

from ..backend.keras3 import keras
from .folded import unfolded_network

_MEASURED_FACES = 4096


@dataclass(frozen=True, slots=True)
class Trained:
    """A float network and its classes.

    Attributes:
        name: Origin, for messages.
        network: A Keras model from faces to probabilities.
        labels: Classes in output order.
    """

    name: str
    network: Any
    labels: tuple[str, ...]


def load_trained(where: str, images: NDArray[np.uint8]) -> Trained:
    """Read a trained network.

    Args:
        where: Run folder, `.tflite` file of `compact` or `tiny`, or name of a bundled model.
        images: uint8, (n, height, width), training faces in any order, for measuring the
            normalizations of a file.

    Raises:
        TrainingError: It is none of these, or cannot be trained.
        ModelError: The file is missing or damaged.
    """
    path = Path(where)
    if path.suffix == ".tflite" or (not path.exists() and where in bundled_models()):
        file = read_model(find_model(where))
        random = np.random.default_rng(0)
        some = random.permutation(len(images))[:_MEASURED_FACES]
        return Trained(where, unfolded_network(file, images[some]), file.card.labels)
    labels = load_info(path).labels
    return Trained(where, CheckedFile(path / FLOAT_MODEL).load(_load), labels)


def load_float_network(folder: Path) -> Any:
    """Read the float network of a run that is continued; the run may come from others.

    Raises:
        TrainingError: It is missing or damaged, or has code or layers that Keras does not know.
    """
    try:
        return CheckedFile(folder / FLOAT_MODEL).load(_load)
    except ModelError as error:
        raise TrainingError(
            f"{error}; the run cannot be continued without it: start again with --overwrite, or "
            "choose another --out"
        ) from error


def _load(path: Path, safe_mode: bool) -> Any:
    return keras.models.load_model(path, compile=False, safe_mode=safe_mode)
