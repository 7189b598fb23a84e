"""ImageNet weights of ResNet50: downloaded by Keras, or from a file."""

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.errors import TrainingError
from fer_edge.keras_files.weights import checked_weights

IMAGENET_FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
"""File that keras.applications downloads, 94 MB, to `models` below KERAS_HOME or ~/.keras."""
PATIENCE_S = 30.0
"""Timeout of a network response."""
_SUFFIXES = (".h5", ".hdf5", ".keras")


def load_resnet50_weights(keras: Any, network: Any, weights: str) -> None:
    """Set the weights of Keras's ResNet50 without top in the layers of the same names.

    Args:
        keras: The Keras 3 module.
        network: Network with these layers.
        weights: imagenet, or a path.

    Raises:
        TrainingError: The weights cannot be downloaded or read.
    """
    base = _fetch(keras) if weights == "imagenet" else _read(keras, Path(weights))
    for layer in base.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())


def _fetch(keras: Any) -> Any:
    try:
        with _patience(), contextlib.redirect_stdout(sys.stderr):  # results go to stdout
            return _base(keras, "imagenet")
    except Exception as error:  # keras.utils.get_file raises that very class
        raise TrainingError(
            f"the ImageNet weights of ResNet50 cannot be downloaded ({_first_line(error)}); copy "
            f"the file {IMAGENET_FILE} here and pass --weights FILE, or start at random with "
            "--weights none"
        ) from error


def _read(keras: Any, path: Path) -> Any:
    advice = f"expected Keras's ResNet50 without top, for example {IMAGENET_FILE}"
    if not path.is_file():
        raise TrainingError(f"weights file {path} does not exist; {advice}")
    if path.suffix not in _SUFFIXES:
        raise TrainingError(
            f"weights {path} has an unknown suffix, expected {', '.join(_SUFFIXES)}; {advice}"
        )
    try:
        with checked_weights(path) as checked:
            return _base(keras, checked)
    except Exception as error:  # h5py, zipfile and Keras raise different types
        raise TrainingError(f"weights {path} do not fit: {_first_line(error)}; {advice}") from error


def _base(keras: Any, weights: str | Path) -> Any:
    size = (32, 32, 3)  # any size: convolutions have the same weights for all sizes
    if isinstance(weights, str):
        return keras.applications.ResNet50(include_top=False, weights=weights, input_shape=size)
    base = keras.applications.ResNet50(include_top=False, weights=None, input_shape=size)
    base.load_weights(weights)
    return base


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Keep a network that drops all packets from blocking the training."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
