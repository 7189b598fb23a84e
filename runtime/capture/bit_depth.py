"""Numbers of any type as 8 bits, where their range says how bright they are."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

log = logging.getLogger(__name__)

_OVERSHOOT = 2.0
"""Below it, floats above 1 are taken for 0 to 1 that was resized or sharpened beyond its range."""

_TWELVE_BITS = 4096


def as_8_bits(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale an image to 8 bits.

    Args:
        image: Any shape, not empty. bool is black and white. uint16 is 0 to 65535, and divided by
            256 as in files; where no pixel is above 255, it is 8 bits in a wider type. Other
            integers are 0 to 255. Floats are 0 to 1 where none is above 1, otherwise 0 to 255: an
            image of 0 to 255 that is black but for values of 1 or less is therefore taken for 0
            to 1.

    Returns:
        uint8, of the same shape; the image itself where it is that already.

    Raises:
        SourceError: The type holds no numbers, or they are outside of those ranges: negative, NaN,
            too large, or floats that end between 1 and 2, which is neither of the two.
    """
    if image.dtype == np.uint8:
        return image
    kind = image.dtype.kind
    if kind == "b":
        return np.where(image, 255, 0).astype(np.uint8)
    if kind in "iu":
        return _integers(image)
    if kind == "f":
        return _floats(image)
    raise SourceError(f"expected an image of numbers, uint8 at best, got {image.dtype}")


def _integers(image: NDArray[Any]) -> NDArray[np.uint8]:
    lowest, highest = int(image.min()), int(image.max())
    if _is_uint16(image) and highest > 255:
        if highest < _TWELVE_BITS:
            log.warning(
                "the brightest pixel of a 16-bit image is %d of 65535, so it is nearly black; "
                "scale 10 or 12 bits first: image << 6, image << 4",
                highest,
            )
        return (image >> 8).astype(np.uint8)
    if lowest < 0 or highest > 255:
        raise SourceError(
            f"expected integers from 0 to 255, got {image.dtype} from {lowest} to {highest}; "
            "16 bits are uint16: image.astype(np.uint16)"
        )
    return image.astype(np.uint8)


def _is_uint16(image: NDArray[Any]) -> bool:
    """Return whether the numbers are uint16, of either byte order."""
    return image.dtype.kind == "u" and image.dtype.itemsize == 2


def _floats(image: NDArray[Any]) -> NDArray[np.uint8]:
    lowest, highest = float(image.min()), float(image.max())  # NaN where one number is NaN
    if not (lowest >= 0 and highest <= 255):
        raise SourceError(
            f"expected floats from 0 to 1 or from 0 to 255, got {image.dtype} from {lowest:g} to "
            f"{highest:g}; undo the scaling, or limit the range with np.clip"
        )
    if 1 < highest < _OVERSHOOT:
        raise SourceError(
            f"expected floats from 0 to 1 or from 0 to 255, got {image.dtype} up to {highest:g}, "
            "which is neither; limit 0 to 1 with np.clip(image, 0, 1)"
        )
    wide = image.astype(np.float32)
    return np.rint(wide * np.float32(255) if highest <= 1 else wide).astype(np.uint8)
