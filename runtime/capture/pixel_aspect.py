"""Pixel aspect ratio of a video: width divided by height."""

import re
from fractions import Fraction
from typing import Any

MOST_STRETCHED = 4
"""Largest ratio of width to height, or the reverse, that occurs."""


class StoredAspect:
    """The ratio that a video declares: its container's, until its codec's changes.

    In a broadcast it changes between programs, which only the codec's data declares.
    """

    def __init__(self, stream: Any) -> None:
        """Create it before the first frame of an open stream."""
        self._stream = stream
        self._first = stream.codec_context.sample_aspect_ratio

    def of_frame(self) -> Any:
        """Return the ratio of the last decoded frame; None or 0 for square.

        A change arrives a frame or two early, since the codec reads ahead.
        """
        coded = self._stream.codec_context.sample_aspect_ratio
        return coded if coded and coded != self._first else self._stream.sample_aspect_ratio


def parse_pixel_aspect(text: str) -> Fraction:
    """Parse a ratio such as 64:45.

    Raises:
        ValueError: It is not WIDTH:HEIGHT, or too far from square.
    """
    found = re.fullmatch(r"(\d{1,5}):(\d{1,5})", text)
    if found and int(found[2]):
        aspect = Fraction(int(found[1]), int(found[2]))
        if is_plausible(aspect):
            return aspect
    raise ValueError(
        f"{text!r} is not a pixel aspect ratio; expected WIDTH:HEIGHT from 1:{MOST_STRETCHED} to "
        f"{MOST_STRETCHED}:1, for example 64:45 for wide PAL"
    )


def is_plausible(aspect: Any) -> bool:
    """Return whether a declared ratio is plausible; a damaged header may declare 1:65535."""
    return bool(aspect) and 1 / MOST_STRETCHED <= float(aspect) <= MOST_STRETCHED
