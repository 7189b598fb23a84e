"""How do I find the faces in my own way? Here: in the middle of the picture, no passers-by.

Run: python examples/own_detector.py photo.jpg
"""

import sys

import numpy as np
from numpy.typing import NDArray

from fer_edge.bundled import find_model
from fer_edge.faces import Box
from fer_edge.interpreter import open_model
from fer_edge.runtime import Detection, Reader, open_detector, read_source


class Middle:
    """A `FaceDetector`: YuNet on the middle half of the picture's width."""

    finds_crops = False  # its boxes are boxes of faces, to be cut by the model's crop policy

    def __init__(self) -> None:
        self._yunet = open_detector("yunet")
        self.long_side_px = self._yunet.long_side_px

    def detect(self, image: NDArray[np.uint8], *, scale: float = 1.0) -> list[Detection]:
        """Find faces in uint8 (height, width, 3) BGR; boxes in pixels of the whole frame."""
        first, last = image.shape[1] // 4, image.shape[1] * 3 // 4
        found = self._yunet.detect(np.ascontiguousarray(image[:, first:last]), scale=scale)
        boxes, left = (face.box for face in found), first / scale
        moved = (Box(box.left + left, box.top, box.right + left, box.bottom) for box in boxes)
        return [Detection(box, face.score) for box, face in zip(moved, found, strict=True)]


with Reader(open_model(find_model("compact")), Middle()) as reader:
    for result in read_source(sys.argv[1], reader=reader):
        print([(face.label, round(face.box.left)) for face in result.faces])
