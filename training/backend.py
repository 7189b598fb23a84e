"""Keras 3, brought in without its backend's announcements.

TensorFlow is the backend unless KERAS_BACKEND says jax or torch.
"""

import os

from fer_edge.chatter import without_chatter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with without_chatter():
    import keras

__all__ = ["keras"]
