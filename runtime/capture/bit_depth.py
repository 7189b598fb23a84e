"""Conversion of numbers of any type to 8 bits, if their range defines their brightness."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

log = logging.getLogger(__name__)

_OVERSHOOT = 2.0
"""Up to this value, floats are considered 0 to 1, exceeded by resizing or sharpening."""

_TWELVE_BITS = 4096


def as_8_bits(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale an image to 8 bits.

    Args:
        image: Any shape, not empty. bool is black and white. uint16 is 0 to 65535 and is divided by
            256, as in files; if no pixel is above 255, it is 8 bits in a wider type. Other integers
            are 0 to 255. Floats are 0 to 1 if none is above 1, otherwise 0 to 255: an image of 0 to
            255 whose largest value is at most 1 is therefore interpreted as 0 to 1.

    Returns:
        uint8, of the same shape; the image itself if it is already uint8.

    Raises:
        SourceError: The type is not numeric, or values are out of range: negative, NaN, too large,
            or floats with a maximum between 1 and 2, which is ambiguous.
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
    raise SourceError(f"expected an image of numbers, preferably uint8, got {image.dtype}")


def _integers(image: NDArray[Any]) -> NDArray[np.uint8]:
    lowest, highest = int(image.min()), int(image.max())
    if _is_uint16(image) and highest > 255:
        if highest < _TWELVE_BITS:
            log.warning(
                "the brightest pixel of a 16-bit image is %d of 65535, so the image is nearly "
                "black; scale 10 or 12 bits first: image << 6, image << 4",
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
    """Return whether the type is uint16, in either byte order."""
    return image.dtype.kind == "u" and image.dtype.itemsize == 2


def _floats(image: NDArray[Any]) -> NDArray[np.uint8]:
    lowest, highest = float(image.min()), float(image.max())  # NaN if one number is NaN
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
