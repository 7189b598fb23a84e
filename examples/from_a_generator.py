"""How do I process frames from another program: a simulator, a network, a NumPy array?

Run: python examples/from_a_generator.py photo.jpg
"""

import sys
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import Recognizer


def fade_in(path: str) -> Iterator[NDArray[np.uint8]]:
    """Yield frames, uint8 (height, width, 3) BGR: a photograph that becomes brighter."""
    photo = np.asarray(cv2.imread(path), np.float32)
    for brightness in np.linspace(0.0, 1.0, 6):
        yield (photo * brightness).astype(np.uint8)


with Recognizer() as recognizer:
    for result in recognizer.stream(fade_in(sys.argv[1]), frame_rate_hz=25):
        print(f"{result.frame.time_s:.2f} s: {[face.label for face in result]}")
