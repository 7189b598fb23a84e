"""Import of Keras 3 without the messages of its backend.

KERAS_BACKEND is tensorflow, jax or torch. If unset, the backend comes from Keras's settings, by
default TensorFlow; if TensorFlow is not installed, it is the first of the others that is.
"""

import os
from importlib.util import find_spec

from fer_edge.chatter import without_chatter
from fer_edge.errors import TrainingError
from fer_edge.require import missing

EXTRAS = {"tensorflow": "train", "jax": "train-jax", "torch": "train-torch"}
"""Backend -> the extra of fer-edge that installs it."""


def _choose_backend() -> None:
    """Ensure that Keras finds a backend, since its own error is a traceback."""
    name = os.environ.get("KERAS_BACKEND")
    if not name:
        installed = [backend for backend in EXTRAS if find_spec(backend)]
        if installed and "tensorflow" not in installed:
            os.environ["KERAS_BACKEND"] = installed[0]
        return
    if name not in EXTRAS:
        raise TrainingError(f"KERAS_BACKEND is '{name}'; expected one of {', '.join(EXTRAS)}")
    if not find_spec(name):
        raise missing(EXTRAS[name], name, what=f"KERAS_BACKEND={name}")


_choose_backend()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with without_chatter():
    import keras

__all__ = ["keras"]
