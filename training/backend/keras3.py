"""Keras 3, brought in without its backend's announcements.

KERAS_BACKEND says tensorflow, jax or torch. Unset, it is what Keras' own settings say, which is
TensorFlow; where TensorFlow is not installed, the first of the others that is.
"""

import os
from importlib.util import find_spec

from fer_edge.chatter import without_chatter
from fer_edge.errors import TrainingError
from fer_edge.require import missing

EXTRAS = {"tensorflow": "train", "jax": "train-jax", "torch": "train-torch"}
"""Backend -> the extra of fer-edge that brings it."""


def _choose_backend() -> None:
    """See to it that Keras finds a backend, since its own message is a traceback."""
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
