"""The calibration set of post-training quantization: selected, balanced, recorded."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.light import Light
from fer_edge.faces.preprocess import model_inputs
from fer_edge.model.card import Calibration


def choose_calibration(
    faces: FaceSet,
    *,
    count: int,
    seed: int,
    height: int,
    width: int,
    light: Light = "corrected",
    source: str = "",
) -> tuple[NDArray[np.uint8], Calibration]:
    """Select faces, the same number of each class if possible.

    A copy of the first one with a black and a white pixel is added at the start: it fixes the range
    of the input to 0 to 1, so that its scale becomes 1/255 and the raw pixel is the quantized
    input. A uniform picture would do this, too, but networks that normalize each picture divide by
    its contrast of zero, and get ranges that no face reaches.

    Args:
        faces: Training faces, or other faces.
        count: Number of faces to select.
        seed: Random seed.
        height: The model's input height in pixels.
        width: The model's input width in pixels.
        light: Whether dark, pale and noisy faces are corrected.
        source: Name of the other face set, for the record.

    Returns:
        Model inputs, uint8 (count + 1, height, width, 1), and their record.
    """
    random = np.random.default_rng(seed)
    by_class = [
        random.permutation(np.flatnonzero(faces.labels == label))
        for label in np.unique(faces.labels)
    ]
    # round robin over the classes; a rare class is exhausted first
    longest = max(len(rows) for rows in by_class)
    rounds = [[rows[i] for rows in by_class if i < len(rows)] for i in range(longest)]
    rows = np.array([row for one_round in rounds for row in one_round][:count])
    inputs = model_inputs(faces.images[rows], height, width, light=light)
    digest = hashlib.sha256(inputs.tobytes()).hexdigest()
    pinned = inputs[:1].copy()
    pinned[0, 0, 0], pinned[0, -1, -1] = 0, 255
    return np.concatenate([pinned, inputs]), Calibration(
        faces=len(rows), seed=seed, digest=digest, source=source
    )
