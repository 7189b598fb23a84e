"""Loading of Keras networks for conversion: from a run folder, or from other projects."""

import logging
from pathlib import Path
from typing import Any

from fer_edge.chatter import without_chatter
from fer_edge.errors import ModelError
from fer_edge.keras_files.file import CheckedFile
from fer_edge.runfolder import FLOAT_MODEL, QAT_MODEL
from fer_edge.shown import printable

from ..tensorflow_keras import keras
from .fixed_batch import open_batch
from .full_precision import is_quantized, to_full_precision
from .training_mode import leave_training_mode

log = logging.getLogger(__name__)


def load_float_network(run: Path, *, trust_code: bool = False) -> Any:
    """Read the float network of a run (Keras 3).

    Raises:
        ModelError: The file is missing or damaged, or contains code.
    """
    return _checked(run / FLOAT_MODEL, trust_code).load(_load_keras3)


def load_qat_network(run: Path, *, trust_code: bool = False) -> Any:
    """Read the quantization-aware network of a run (tf-keras), or None if it has none.

    Raises:
        ModelError: The file is damaged, or contains code.
    """
    path = run / QAT_MODEL
    if not path.exists():
        return None
    with without_chatter():
        import tensorflow_model_optimization as tfmot

    with tfmot.quantization.keras.quantize_scope():
        return _checked(path, trust_code).load(_load_tf_keras)


def load_any_network(path: Path, *, trust_code: bool = False) -> tuple[Any, Any]:
    """Read a `.keras` or `.h5` file of another project.

    The configuration is checked first, and a file with code is not loaded. A file is read by the
    Keras that wrote it: by tf-keras if Keras 2 did, which Keras 3 reads only partly. HDF5 of an
    unknown version is tried with both.

    Args:
        path: The file.
        trust_code: Whether to load Lambda layers; their code runs with the user's permissions.

    Returns:
        The network, and the Keras module that it belongs to.

    Raises:
        ModelError: It contains code, or cannot be read; the message names an unknown layer.
    """
    with without_chatter():
        import tf_keras

    checked = _checked(path, trust_code)
    if checked.config.keras_major == 2:
        return checked.load(_load_tf_keras), tf_keras
    try:
        return checked.load(_load_keras3), keras
    except ModelError as error:
        if checked.config.keras_major == 3 or checked.config.container == "zip":
            raise
        try:
            return checked.load(_load_tf_keras), tf_keras
        except ModelError:
            raise error from None


def _checked(path: Path, trust_code: bool) -> CheckedFile:
    file = CheckedFile(path, trust_code=trust_code)
    root = file.config.root
    if is_quantized(root):
        raise ModelError(
            f"{path} is already quantized by Keras; save the float network, before quantize()"
        )
    half = to_full_precision(root)
    if half:
        log.warning("%s computes in %s: converted as float32", path.name, ", ".join(half))
    training = leave_training_mode(root)
    if training:
        log.warning(
            "%s calls %s in training mode: converted in inference mode",
            *(path.name, ", ".join(map(printable, training))),
        )
    open_batch(root)
    return file


def _load_keras3(path: Path, safe_mode: bool) -> Any:
    return keras.models.load_model(path, compile=False, safe_mode=safe_mode)


def _load_tf_keras(path: Path, safe_mode: bool) -> Any:
    import tf_keras
    from tf_keras.src.saving import serialization_lib  # its load_model ignores safe_mode for .h5

    with serialization_lib.SafeModeScope(safe_mode):
        return tf_keras.models.load_model(path, compile=False, safe_mode=safe_mode)
