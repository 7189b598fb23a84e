"""Conversion of Pillow images, with the same result as for picture files."""

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

from .bit_depth import as_8_bits

if TYPE_CHECKING:
    from PIL.Image import Image

_PLAIN = ("RGB", "RGBA", "RGBX")
"""Modes whose first three channels are red, green and blue."""


def is_pillow_image(image: object) -> TypeGuard["Image"]:
    """Return whether an object is a Pillow image, without importing Pillow."""
    # another thread may be importing Pillow now: then there is no class yet, and no image
    kind: Any = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return kind is not None and isinstance(image, kind)


def pillow_to_bgr(image: "Image") -> NDArray[np.uint8]:
    """Convert a Pillow image.

    Args:
        image: Image of any mode; it is not changed. 16 bits become 8 and transparency is dropped,
            as for files. Mode I is 16 bits if it comes from a file, otherwise 0 to 255.

    Returns:
        uint8, (height, width, 3), BGR, turned upright by the EXIF orientation.

    Raises:
        SourceError: It cannot be read completely, or is closed, empty, or of a mode without colors.
    """
    from PIL import ImageOps

    kind = f"a Pillow image of mode {image.mode}"
    if 0 in image.size:
        raise SourceError(f"expected an image with pixels, got {kind}, size {image.size}")
    try:
        upright = ImageOps.exif_transpose(image)
        if image.mode.startswith(("I", "F")):
            gray = _deep(upright, is_file=bool(image.format))
            return np.ascontiguousarray(np.repeat(gray[..., np.newaxis], 3, axis=2))
        if upright.mode not in _PLAIN:
            # converted through RGBA, since Pillow warns about transparent palettes converted to
            # RGB
            upright = upright.convert("RGBA" if upright.mode in ("P", "PA") else "RGB")
        pixels = np.asarray(upright)
    except SourceError:
        raise
    # Pillow raises DecompressionBombError if a header declares too many pixels
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SourceError(f"{kind} cannot be read: {reason}") from error
    return np.ascontiguousarray(pixels[..., 2::-1])


def _deep(image: "Image", *, is_file: bool) -> NDArray[np.uint8]:
    """Return gray of 8 bits from 16, 32 or floating-point numbers, (height, width)."""
    pixels: NDArray[Any] = np.asarray(image)
    if is_file and image.mode != "F" and pixels.min() >= 0 and pixels.max() <= 65535:
        return (pixels >> 8).astype(np.uint8)
    return as_8_bits(pixels)
