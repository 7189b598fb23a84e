"""Size of a picture, read from its header before decoding."""

import re
import struct
from collections.abc import Sequence

from .kinds import Kind

_STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
_PNM_HEADER_BYTES = 1 << 16
_CODESTREAM = b"\xff\x4f\xff\x51"
"""Start of a JPEG 2000 codestream, then its size."""
_TIFF_SIDES = (256, 257, 322, 323)
"""Tags of the width and height of the picture and of its tiles."""
_TIFF_EXTRA_SAMPLES, _UNASSOCIATED = 338, 2
_MOST_TIFF_ENTRIES = 1 << 16


def picture_size(data: bytes, kind: Kind) -> tuple[int, int] | None:
    """Return the width and height in pixels that a picture's header declares.

    Headers are parsed like in the decoders, so the result is the size that they allocate. If a file
    can declare several sizes (such as the tiles of a TIFF), it is the largest.

    Args:
        data: The whole file.
        kind: Kind of picture.

    Returns:
        (width, height), or None if the header is damaged or truncated.
    """
    readers = {
        "JPEG": _jpeg,
        "PNG": _png,
        "BMP": _bmp,
        "WebP": _webp,
        "TIFF": _tiff,
        "PNM": _pnm,
        "GIF": _gif,
        "JPEG 2000": _jpeg_2000,
        "HEIC": _heif,
        "AVIF": _heif,
    }
    try:
        return readers[kind](data)
    except (struct.error, IndexError, ValueError):  # it ends within its header
        return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while (at := data.find(b"\xff", at)) >= 0:
        marker = data[at + 1]
        if marker == 0xFF:  # a filler
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _STARTS_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        elif marker in (0xD9, 0xDA):
            return None
        else:
            at += 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])
    return None


def _png(data: bytes) -> tuple[int, int] | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    is_old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if is_old else "<ii", data, 18)
    return abs(width), abs(height)  # a negative height means rows from top to bottom


def _webp(data: bytes) -> tuple[int, int] | None:
    if data[12:16] == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if data[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if data[12:16] == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def has_exif(webp: bytes) -> bool:
    """Return whether a WebP declares EXIF data."""
    return webp[12:16] == b"VP8X" and len(webp) > 20 and bool(webp[20] & 0x08)


def has_loose_alpha(tiff: bytes) -> bool:
    """Return whether a TIFF declares transparency that its colors do not contain yet."""
    try:
        return _tiff_values(tiff, _TIFF_EXTRA_SAMPLES)[_TIFF_EXTRA_SAMPLES] == _UNASSOCIATED
    except (struct.error, IndexError, ValueError):
        return False


def _tiff(data: bytes) -> tuple[int, int] | None:
    sides = _tiff_values(data, *_TIFF_SIDES)
    width, height, tile_width, tile_height = (sides[tag] for tag in _TIFF_SIDES)
    return _largest([(width, height), (tile_width, tile_height)])


def _tiff_values(data: bytes, *tags: int) -> dict[int, int]:
    """Return the first value of each tag of the first directory, the largest if it is repeated."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    at = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, 8 if is_big else 4)[0]
    count = struct.unpack_from(f"{order}Q" if is_big else f"{order}H", data, at)[0]
    at += 8 if is_big else 2
    step, place = (20, 12) if is_big else (12, 8)
    values = dict.fromkeys(tags, 0)
    for entry in range(at, at + step * min(count, _MOST_TIFF_ENTRIES), step):
        tag, type_ = struct.unpack_from(f"{order}HH", data, entry)
        if tag in values and (code := {3: "H", 4: "I", 16: "Q"}.get(type_)):
            value = struct.unpack_from(order + code, data, entry + place)[0]
            values[tag] = max(values[tag], value)
    return values


def _pnm(data: bytes) -> tuple[int, int]:
    words = re.sub(rb"#[^\r\n]*", b" ", data[2:_PNM_HEADER_BYTES]).split(None, 2)
    return int(words[0]), int(words[1])


def has_subsampled_colors(jpeg_2000: bytes) -> bool:
    """Return whether a JPEG 2000 declares components with fewer pixels than the picture."""
    start = jpeg_2000.find(_CODESTREAM)
    count = int.from_bytes(jpeg_2000[start + 40 : start + 42], "big")
    components = jpeg_2000[start + 42 : start + 42 + 3 * count]
    # of each: depth, horizontal and vertical distance of its samples
    return start >= 0 and max(components[1::3] + components[2::3], default=1) > 1


def _jpeg_2000(data: bytes) -> tuple[int, int] | None:
    sizes = []
    for found in re.finditer(re.escape(_CODESTREAM), data):
        right, bottom, left, top = struct.unpack_from(">IIII", data, found.start() + 8)
        sizes.append((max(0, right - left), max(0, bottom - top)))
    return _largest(sizes)


def _heif(data: bytes) -> tuple[int, int] | None:
    """Return the largest size of the picture, its tiles and its thumbnails."""
    found = re.finditer(rb"ispe\0\0\0\0", data)
    # a sequence may have none: its decoder knows the size
    return _largest([(0, 0), *(struct.unpack_from(">II", data, box.end()) for box in found)])


def _largest(sizes: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
