"""Gray image of a frame, as a model gets it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.capture.frame import Frame


def gray_of(frame: Frame) -> NDArray[np.uint8]:
    """Return the gray image of a frame: uint8, (height, width), 0 to 255."""
    gray = frame.gray
    if gray.levels is None:
        return gray.pixels
    return np.asarray(cv2.LUT(gray.pixels, gray.levels), np.uint8)
