"""Input of the detector in the userland: pictures and a clip of the sample photograph's face."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.moving_faces import background, paste

LOOKS = 24


def _head() -> NDArray[np.uint8]:
    return read_picture(sample_photo())[80:380, 130:390]


def make_clip(path: Path) -> Path:
    """Write a clip of twenty 640x360 frames in which the face moves to the right and back."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 360))
    for number in range(20):
        x = 280 + 8 * min(number, 20 - number)
        writer.write(paste(background(), _head(), x, 180, 240))
    writer.release()
    return path


def make_looks(folder: Path) -> Path:
    """Write LOOKS pictures of 320x192 pixels with two heads of 40 to 179 pixels each."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(LOOKS):
        canvas = background(number, (192, 320))
        for x in (80, 240):
            height = int(random.integers(40, 180))
            shift = random.integers(-20, 20, 2)
            canvas = paste(canvas, _head(), x + shift[0], 96 + shift[1], height)
        cv2.imwrite(str(folder / f"{number:02d}.png"), canvas)
    return folder
