"""What another project's network answers, fed by hand: the reference for every change of it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import ModelError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.keras_files.file import first_line

from .claims import Claims
from .wrapping import input_shape, only_tensor

_BATCH = 64  # many intermediate results are in memory at the same time


def file_outputs(network: Any, claims: Claims, faces: FaceSet, path: Path) -> NDArray[np.float32]:
    """Run a network on faces as its file has it, in the claimed range.

    Args:
        network: Keras network of one picture, (batch, height, width, 1 or 3).
        claims: The user's statements about it.
        faces: The faces.
        path: Path of the network, for messages.

    Returns:
        float32 (n, classes), its outputs.

    Raises:
        ModelError: It does not read one picture, cannot be run, or has several outputs.
    """
    height, width, channels = input_shape(network, path, claims.size_px)
    pixels = model_inputs(faces.images, height, width, light="unchanged")
    low, high = claims.input_range
    outputs = []
    for start in range(0, len(pixels), _BATCH):
        values = as_real(pixels[start : start + _BATCH]) * np.float32(high - low) + np.float32(low)
        try:
            with without_chatter():  # warnings about a list around the only input
                # not `predict`, which remembers the network from before a change
                found = network(np.repeat(values, channels, axis=3), training=False)
        except Exception as error:  # layers raise many types of exceptions
            raise ModelError(f"{path} cannot be run: {first_line(error)}") from error
        outputs.append(np.asarray(only_tensor(found, path), np.float32))
    return np.concatenate(outputs)
