"""How do I use my own detector? Here: only faces in the middle of the picture.

Run: python examples/own_detector.py photo.jpg
"""

import sys

import numpy as np
from numpy.typing import NDArray

from fer_edge import Box, Detection, Recognizer, open_detector

yunet = open_detector("yunet", is_photo=True)


def in_the_middle(image: NDArray[np.uint8]) -> list[Detection]:
    """Detect faces in the middle half of an image, uint8 (height, width, 3) BGR."""
    first, last = image.shape[1] // 4, image.shape[1] * 3 // 4
    found = yunet.detect(np.ascontiguousarray(image[:, first:last]))
    return [Detection(moved(face.box, first), face.score) for face in found]


def moved(box: Box, right_px: int) -> Box:
    """Return the box, moved to the right."""
    return Box(box.left + right_px, box.top, box.right + right_px, box.bottom)


with Recognizer(detector=in_the_middle) as recognizer:
    for result in recognizer.stream(sys.argv[1]):
        print([(face.label, round(face.box.left)) for face in result])
