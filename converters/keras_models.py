"""Keras networks read back for conversion: those of a run folder, and other projects'."""

import os
import re
from pathlib import Path
from typing import Any

# the TFLite converter reads TensorFlow graphs, whatever backend trained the network
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # for tfmot

from fer_edge.chatter import without_chatter

with without_chatter():
    import keras

from fer_edge.errors import ModelError
from fer_edge.runfolder import FLOAT_MODEL, QAT_MODEL


def load_float_network(run: Path) -> Any:
    """Read the float network of a run (Keras 3).

    Raises:
        ModelError: The file is missing or damaged.
    """
    return _load(run / FLOAT_MODEL, keras.models.load_model)


def load_qat_network(run: Path) -> Any:
    """Read the quantization-aware network of a run (tf-keras), or None if it has none.

    Raises:
        ModelError: The file is damaged.
    """
    path = run / QAT_MODEL
    if not path.exists():
        return None
    with without_chatter():
        import tensorflow_model_optimization as tfmot
        import tf_keras

    with tfmot.quantization.keras.quantize_scope():
        return _load(path, tf_keras.models.load_model)


def load_any_network(path: Path) -> tuple[Any, Any]:
    """Read a `.keras` or `.h5` file of another project.

    Keras 3 is tried first, then tf-keras (Keras 2), whose older files Keras 3 may refuse.

    Returns:
        The network, and the Keras module that it belongs to.

    Raises:
        ModelError: Neither can read it; the message is Keras 3's, which names an unknown layer.
    """
    if not path.is_file():
        raise ModelError(f"{path} does not exist; wanted a run folder or a .keras or .h5 file")
    try:
        return _load(path, keras.models.load_model), keras
    except ModelError as error:
        if path.suffix == ".keras":  # tf-keras reads its own .keras files only, and few exist
            raise
        with without_chatter():
            import tf_keras
        try:
            return _load(path, tf_keras.models.load_model), tf_keras
        except ModelError:
            raise error from None


def _load(path: Path, load_model: Any) -> Any:
    try:
        with without_chatter():
            return load_model(path, compile=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read as a Keras model: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    unknown = re.search(r"(?:Could not locate class|Unknown layer:) '([^']+)'", str(error))
    if unknown:
        return (
            f"it has a layer {unknown[1]} that Keras does not know; save the network with stock "
            "layers in its place"
        )
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
