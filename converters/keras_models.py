"""The trained networks of a run folder, read back for conversion."""

import os
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


def _load(path: Path, load_model: Any) -> Any:
    try:
        return load_model(path, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{path} cannot be read as a Keras model: {reason[0]}") from error
