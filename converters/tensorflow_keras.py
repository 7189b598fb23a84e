"""TensorFlow, and Keras on TensorFlow, for all modules of this package.

The TFLite converter reads TensorFlow graphs, whatever backend trained the network. Importing
TensorFlow imports Keras, so the backend is chosen before either.
"""

import os

from fer_edge.chatter import without_chatter
from fer_edge.errors import ConfigError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # for tfmot
_users_choice = os.environ.get("KERAS_BACKEND")
os.environ["KERAS_BACKEND"] = "tensorflow"
try:
    with without_chatter():
        import keras
        import tensorflow as tf
finally:  # other modules and child processes of the program keep its choice
    if _users_choice is None:
        del os.environ["KERAS_BACKEND"]
    else:
        os.environ["KERAS_BACKEND"] = _users_choice

if keras.backend.backend() != "tensorflow":
    raise ConfigError(
        f"this process runs Keras on {keras.backend.backend()}, expected tensorflow for a "
        "conversion; convert in another process"
    )

__all__ = ["keras", "tf"]
