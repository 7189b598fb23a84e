"""What a picture, a capture or a pipe delivers, brought to 8-bit BGR."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError


def as_bgr(image: Any) -> NDArray[np.uint8]:
    """Bring an image to what a `Frame` holds.

    Args:
        image: uint8 or uint16, (height, width), (height, width, 1), (height, width, 3) BGR or
            (height, width, 4) BGRA; transparency is dropped.

    Returns:
        uint8, (height, width, 3), BGR; the same array where it is that already.

    Raises:
        SourceError: It has no pixels, or is no image.
    """
    if image is None or image.size == 0:
        raise SourceError("a frame without pixels came; wanted (height, width, 3)")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise SourceError(f"a frame of shape {image.shape} came; wanted (height, width, 3)")
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    bgr: NDArray[np.uint8] = np.ascontiguousarray(image)
    return bgr
