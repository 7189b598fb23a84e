"""Decoding of PGM and PPM files, with any maximum: OpenCV ignores that of a binary file.

Cameras for machine vision write 10 and 12 bits, whose maximum is 1023 or 4095; 255 for 8 bits.
Format: https://netpbm.sourceforge.net/doc/pgm.html and ppm.html.
"""

import re

import cv2
import numpy as np
from numpy.typing import NDArray

_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([2356])" + 3 * (_SPACE + rb"(\d{1,9})") + rb"\s")
_NUMBERS = re.compile(rb"[0-9\s]*")
_HIGHEST = 65535


def decode_pnm(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a PGM or PPM file; of a binary file with several pictures, the first one.

    Args:
        data: The whole file, with the magic number P2, P3, P5 or P6.

    Returns:
        uint8, (height, width, 3), BGR; the maximum of the file becomes 255. None if the file is
        damaged or truncated.
    """
    header = _HEADER.match(data)
    if header is None:
        return None
    width, height, highest = (int(number) for number in header.groups()[1:])
    channels = 1 if header[1] in b"25" else 3
    count = width * height * channels
    if not count or not 0 < highest <= _HIGHEST:
        return None
    read = _text_samples if header[1] in b"23" else _binary_samples
    samples = read(data, header.end(), count, highest)
    if samples is None:
        return None
    image = _as_8_bits(samples, highest).reshape(height, width, channels)
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_RGB2BGR
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def _binary_samples(
    data: bytes, start: int, count: int, highest: int
) -> NDArray[np.uint8 | np.uint16] | None:
    dtype = np.dtype(np.uint8 if highest < 256 else ">u2")
    if len(data) - start < count * dtype.itemsize:
        return None
    return np.frombuffer(data, dtype, count, start)


def _text_samples(
    data: bytes, start: int, count: int, highest: int
) -> NDArray[np.uint8 | np.uint16] | None:
    text = re.sub(rb"#[^\r\n]*", b" ", data[start:])
    if not _NUMBERS.fullmatch(text):
        return None
    # without its argument `count`, which leaves missing numbers unset
    samples = np.fromstring(text, np.int64, sep=" ")[:count]
    if len(samples) < count or not 0 <= samples.min() <= samples.max() <= highest:
        return None
    return samples.astype(np.uint16)


def _as_8_bits(samples: NDArray[np.uint8 | np.uint16], highest: int) -> NDArray[np.uint8]:
    if highest == 255:
        return samples.astype(np.uint8)
    if highest == _HIGHEST:  # as for the 16 bits of other kinds
        return (samples >> 8).astype(np.uint8)
    # every sample is one of these: a table is faster than a division of all of them
    table = np.rint(np.arange(highest + 1) * (255 / highest)).astype(np.uint8)
    return np.take(table, np.minimum(samples, highest))
