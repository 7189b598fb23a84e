"""Antialiased text for pictures, in Pillow's font; OpenCV's fonts consist of strokes."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.labels import drawable

_SIZES_PX = (11, 13, 16, 20, 25, 31, 39, 49, 61, 76, 95)
"""Few sizes, so that letters of a moving face are mostly in the cache."""


def font_size(wanted_px: float) -> int:
    """Return the nearest available size: height of a line in pixels."""
    return min(_SIZES_PX, key=lambda size: abs(size - wanted_px))


@lru_cache(maxsize=1024)
def lettering(text: str, size_px: int) -> NDArray[np.uint8]:
    """Draw one line of text.

    Args:
        text: Text; missing characters become the nearest ASCII or a question mark.
        size_px: Size of the font, from `font_size`.

    Returns:
        uint8, (height, width): coverage of each pixel. Height and baseline are the same for all
        texts of a size.
    """
    from PIL import Image, ImageDraw

    font = _font(size_px)
    text = drawable(text)
    ascent, descent = font.getmetrics()
    width = max(1, round(font.getlength(text)))
    picture = Image.new("L", (width, ascent + descent))
    ImageDraw.Draw(picture).text((0, 0), text, fill=255, font=font)
    return np.array(picture)


@lru_cache(maxsize=len(_SIZES_PX))
def _font(size_px: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size_px)
