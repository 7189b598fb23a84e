"""Shrinking of frames before processing."""

import cv2
import numpy as np
from numpy.typing import NDArray


def shrunk_size(height: int, width: int, long_side_px: int) -> tuple[int, int] | None:
    """Return the width and height after shrinking; None if the image is small enough."""
    ratio = max(height, width) / long_side_px
    return None if ratio <= 1 else (max(1, round(width / ratio)), max(1, round(height / ratio)))


def shrink(image: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    """Shrink an image to a long side; never enlarge it.

    It is halved as often as possible, then interpolated: OpenCV averages blocks of 2x2 pixels in
    vector instructions, but takes several times as long for averaging at other ratios (INTER_AREA),
    longer than YuNet itself.

    Args:
        image: uint8, (height, width) or (height, width, channels), not empty.
        long_side_px: Long side of the result.

    Returns:
        uint8, with the same proportions; the image itself if it is small enough.
    """
    height, width = image.shape[:2]
    wanted = shrunk_size(height, width, long_side_px)
    if wanted is None:
        return image
    while min(height, width) >= 2 and max(height, width) >= 2 * long_side_px:
        image = halved(image)
        height, width = image.shape[:2]
    if (width, height) != wanted:
        image = cv2.resize(image, wanted).astype(np.uint8, copy=False)
    return image


def halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average blocks of 2x2 pixels; an odd last row or column is dropped.

    Args:
        image: uint8, (height, width) or (height, width, channels), at least 2x2 pixels.
    """
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]  # an odd side would prevent the fast way
    return cv2.resize(even, (width, height)).astype(np.uint8, copy=False)
