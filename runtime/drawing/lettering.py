"""Smooth text for pictures, by Pillow's own font; OpenCV's are made of strokes."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.labels import drawable

_SIZES_PX = (11, 13, 16, 20, 25, 31, 39, 49, 61, 76, 95)
"""Few sizes, so that letters seldom change with a face that moves, and are found drawn already."""


def font_size(wanted_px: float) -> int:
    """Return the nearest size that is kept: height of a line in pixels."""
    return min(_SIZES_PX, key=lambda size: abs(size - wanted_px))


@lru_cache(maxsize=1024)
def lettering(text: str, size_px: int) -> NDArray[np.uint8]:
    """Draw one line of text.

    Args:
        text: What to write; what the font lacks becomes its nearest ASCII or a question mark.
        size_px: Size of the font, one of `font_size`'s.

    Returns:
        uint8, (height, width): how much ink is on each pixel. The height and the baseline are the
        same for every text of a size.
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
