"""Six drawn faces that show no real person; any model classifies them, always the same way."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 96

_MOUTHS = {
    "happy": ((48, 60), (22, 14), 0, 180),
    "frown": ((48, 82), (20, 13), 180, 360),
    "open": ((48, 70), (10, 14), 0, 360),
    "flat": ((48, 68), (18, 1), 0, 360),
    "wide": ((48, 66), (26, 6), 0, 360),
    "slanted": ((52, 68), (16, 9), 20, 170),
}
_BROWS_PX = {"happy": 0, "frown": -5, "open": 6, "flat": 0, "wide": 4, "slanted": -8}


def drawn_faces() -> dict[str, bytes]:
    """Return PNG files by name: gray, 96x96 pixels, uint8."""
    return {name: _png(_draw(name)) for name in _MOUTHS}


def _draw(name: str) -> NDArray[np.uint8]:
    image = np.full((SIDE_PX, SIDE_PX), 70, np.uint8)
    cv2.ellipse(image, (48, 48), (38, 46), 0, 0, 360, 190, -1)
    lift = _BROWS_PX[name]
    for center, side in ((32, -1), (64, 1)):
        cv2.ellipse(image, (center, 38), (8, 4), 0, 0, 360, 235, -1)
        cv2.circle(image, (center, 38), 3, 30, -1)
        outer, inner = (center + side * 9, 27), (center - side * 8, 27 - lift)
        cv2.line(image, outer, inner, 50, 2)
    cv2.line(image, (48, 42), (45, 56), 140, 2)
    center_px, axes, start, end = _MOUTHS[name]
    cv2.ellipse(image, center_px, axes, 0, start, end, 60, 3)
    return image


def _png(image: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".png", image)
    assert done
    return data.tobytes()
