"""Predictions of a Keras network on whole face sets, and their errors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import as_real, model_inputs

from .devices import device_count
from .processes import predict_shared, process_count


def predict(network: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a Keras network's probabilities, float32 (n, classes), for gray uint8 faces."""
    _, height, width, _ = network.input_shape
    inputs = as_real(model_inputs(images, height, width))
    devices = device_count()
    rest = np.repeat(
        inputs[:1], -len(inputs) % devices, axis=0
    )  # every device gets the same number
    shared = np.concatenate([inputs, rest])
    if process_count() > 1:
        probabilities = predict_shared(network, shared, 256 * devices)
    else:
        probabilities = network.predict(shared, batch_size=256 * devices, verbose=0)
    return np.asarray(probabilities, np.float32)[: len(inputs)]


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the mean cross-entropy in nats."""
    picked = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(picked, 1e-7, 1.0)).mean())


def top_share(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the share of faces whose label is among the three most probable classes."""
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    return float((top == labels[:, np.newaxis]).any(axis=1).mean())
