"""Looking at a face set before training on it."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import OutputError
from fer_edge.faceset import FaceSet
from fer_edge.files import whole_file

COLUMNS = 16
_NAME_WIDTH_PX = 110


def blank_faces(faces: FaceSet) -> NDArray[np.int64]:
    """Return the rows of pictures that hold a single grey value."""
    flat = faces.images.reshape(len(faces), -1)
    return np.flatnonzero(flat.min(axis=1) == flat.max(axis=1))


def sample_sheet(faces: FaceSet, path: Path, *, seed: int = 0) -> None:
    """Write a PNG with a row of random faces per split and class.

    Raises:
        OutputError: The place cannot be written.
    """
    random = np.random.default_rng(seed)
    height, width = faces.images.shape[1:]
    rows = []
    for split in faces.split_names:
        part = faces.part(split)
        for label, name in enumerate(part.class_names):
            members = np.flatnonzero(part.labels == label)
            chosen = random.permutation(members)[:COLUMNS]
            row = np.full((height, _NAME_WIDTH_PX + COLUMNS * width), 255, np.uint8)
            for line, text in enumerate((name, f"{split} {len(members)}")):
                place = (4, 18 + 16 * line)
                cv2.putText(row, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 0, 1, cv2.LINE_AA)
            for column, index in enumerate(chosen):
                left = _NAME_WIDTH_PX + column * width
                row[:, left : left + width] = part.images[index]
            rows.append(row)
    done, data = cv2.imencode(".png", np.vstack(rows))
    if not done:
        raise OutputError(f"{path}: the samples cannot be encoded as PNG")
    with whole_file(path) as temporary:
        temporary.write_bytes(data.tobytes())
