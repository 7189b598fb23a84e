"""Keras networks read back for conversion: those of a run folder, and other projects'."""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# the TFLite converter reads TensorFlow graphs, whatever backend trained the network
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # for tfmot

from fer_edge.chatter import without_chatter

with without_chatter():
    import keras as keras  # for the modules beside this one, which sets the backend

from fer_edge.errors import ModelError
from fer_edge.runfolder import FLOAT_MODEL, QAT_MODEL

from .config_links import check_links
from .config_safety import check_config
from .full_precision import to_full_precision
from .network_config import read_config, write_checked

log = logging.getLogger(__name__)

_COLORS = re.compile(r"\x1b\[\d*m")
"""Keras prints some words in bold."""


def load_float_network(run: Path, *, trust_code: bool = False) -> Any:
    """Read the float network of a run (Keras 3).

    Raises:
        ModelError: The file is missing or damaged, or has code in it.
    """
    return _Checked(run / FLOAT_MODEL, trust_code).load(_load_keras3)


def load_qat_network(run: Path, *, trust_code: bool = False) -> Any:
    """Read the quantization-aware network of a run (tf-keras), or None if it has none.

    Raises:
        ModelError: The file is damaged, or has code in it.
    """
    path = run / QAT_MODEL
    if not path.exists():
        return None
    with without_chatter():
        import tensorflow_model_optimization as tfmot

    with tfmot.quantization.keras.quantize_scope():
        return _Checked(path, trust_code).load(_load_tf_keras)


def load_any_network(path: Path, *, trust_code: bool = False) -> tuple[Any, Any]:
    """Read a `.keras` or `.h5` file of another project.

    The configuration is checked first, and no loader sees a file that has code in it. A file is
    read by the Keras that wrote it: by tf-keras if Keras 2 did, which Keras 3 reads in part only.
    HDF5 of an unknown version is tried with both.

    Args:
        path: The file.
        trust_code: Let Lambda layers load; their code runs with the user's rights.

    Returns:
        The network, and the Keras module that it belongs to.

    Raises:
        ModelError: It has code in it, or cannot be read; the message names an unknown layer.
    """
    with without_chatter():
        import tf_keras

    checked = _Checked(path, trust_code)
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


class _Checked:
    """A Keras file whose configuration was read, found free of code, and set to float32."""

    def __init__(self, path: Path, trust_code: bool) -> None:
        if not path.is_file():
            raise ModelError(f"{path} cannot be read: there is no such file")
        self.config = read_config(path)
        self._trust_code = trust_code
        check_config(self.config.root, path, trust_code=trust_code)
        check_links(self.config.root, path)
        half = to_full_precision(self.config.root)
        if half:
            log.warning("%s computes in %s: read as float32", path.name, ", ".join(half))

    def load(self, load_model: Callable[[Path, bool], Any]) -> Any:
        """Let a loader read a copy that holds what was checked."""
        path = self.config.path
        with TemporaryDirectory(prefix="fer-edge-") as folder:
            copy = write_checked(self.config, self.config.root, Path(folder))
            try:
                with without_chatter():
                    network = load_model(copy, not self._trust_code)
                if not hasattr(network, "output_shape"):
                    raise TypeError(f"it holds a {type(network).__name__}, expected a network")
                return network
            except Exception as error:  # a layer raises whatever its shapes and settings lead to
                reason = first_line(error).replace(str(copy), str(path))
                raise ModelError(f"{path} cannot be read as a Keras model: {reason}") from error


def _load_keras3(path: Path, safe_mode: bool) -> Any:
    return keras.models.load_model(path, compile=False, safe_mode=safe_mode)


def _load_tf_keras(path: Path, safe_mode: bool) -> Any:
    import tf_keras
    from tf_keras.src.saving import serialization_lib  # its load_model heeds no safe_mode for .h5

    with serialization_lib.SafeModeScope(safe_mode):
        return tf_keras.models.load_model(path, compile=False, safe_mode=safe_mode)


def first_line(error: Exception) -> str:
    """Give the reason in what Keras raises, in one line."""
    unknown = re.search(r"(?:Could not locate class|Unknown layer:) '([^']+)'", str(error))
    if unknown:
        return (
            f"it has a layer {unknown[1]} that Keras does not know; save the network with stock "
            "layers in its place"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        del lines[0]  # Keras puts the layer's own words below
    reason = _COLORS.sub("", lines[0]) if lines else type(error).__name__
    return reason if len(reason) <= 300 else f"{reason[:300]}..."
