"""Images with a head in them, and their conversion to frames."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.capture.frame import Frame

RATE_HZ = 25.0
Image = NDArray[np.uint8]


def background(seed: int = 0, size: tuple[int, int] = (360, 640)) -> Image:
    """Return random soft blobs of all colors, without a face."""
    coarse = np.random.default_rng(seed).integers(30, 220, (9, 16, 3), dtype=np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def paste(canvas: Image, head: Image, x: float, y: float, height: int) -> Image:
    """Paste a head into a copy of the canvas, centered at x, y; parts outside are cut off."""
    width = round(head.shape[1] * height / head.shape[0])
    small = cv2.resize(head, (width, height), interpolation=cv2.INTER_AREA)
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 255, -1)
    shift = np.array([[1, 0, x - width / 2], [0, 1, y - height / 2]])
    size = canvas.shape[1::-1]
    over = cv2.warpAffine(mask, shift, size) > 127
    return np.where(over[..., None], cv2.warpAffine(small, shift, size), canvas)


def as_frames(images: Iterable[Image], start_s: float = 0.0) -> Iterator[Frame]:
    for index, image in enumerate(images):
        yield Frame(image, index, start_s + index / RATE_HZ, "clip")
