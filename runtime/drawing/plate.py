"""Rectangles with rounded corners."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box


def rounded(box: Box, radius: float) -> NDArray[np.float64]:
    """Return the outline of a rounded rectangle, (n, 2), x and y in pixels."""
    corners = (
        (box.right - radius, box.bottom - radius, 0.0),
        (box.left + radius, box.bottom - radius, 0.5),
        (box.left + radius, box.top + radius, 1.0),
        (box.right - radius, box.top + radius, 1.5),
    )
    turn = np.linspace(0, 0.5, 7) * math.pi
    return np.concatenate(
        [
            np.stack(
                [
                    x + radius * np.cos(start * math.pi + turn),
                    y + radius * np.sin(start * math.pi + turn),
                ],
                axis=1,
            )
            for x, y, start in corners
        ]
    )


@lru_cache(maxsize=128)
def plate(width: int, height: int, radius: int) -> NDArray[np.uint8]:
    """Return a rounded rectangle as an antialiased mask, (height, width), 0 to 255."""
    times = 4
    outline = rounded(Box(0, 0, width * times - 1, height * times - 1), radius * times)
    large = np.zeros((height * times, width * times), np.uint8)
    cv2.fillPoly(large, [outline.round().astype(np.int32)], 255)
    plate = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    return plate.astype(np.uint8, copy=False)
