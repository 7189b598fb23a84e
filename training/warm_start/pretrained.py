"""Pretrained weights of the base of a network."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..architectures import Pretrained
from ..backend.keras3 import keras

log = logging.getLogger(__name__)


def load_base_weights(options: Pretrained, network: Any, images: NDArray[np.uint8]) -> None:
    """Set the pretrained weights of the base of an untrained network.

    Args:
        options: Options of the network; with `weights` none nothing is done.
        network: Network from `options.build`.
        images: uint8, (n, height, width), gray training faces for measuring statistics.

    Raises:
        TrainingError: The weights cannot be downloaded or read, or belong to another network.
    """
    if options.weights == "none":
        log.info("the base starts at random and all its layers are trained")
        return
    options.load_weights(keras, network, images)
