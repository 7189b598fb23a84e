"""The still picture of a PNG, without what OpenCV's decoder of animations would make of it."""

import struct

_SIGNATURE_BYTES = 8
_KEPT = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"))


def still_png(data: bytes) -> bytes | None:
    """Leave out all chunks of a PNG but those of its picture and its orientation.

    OpenCV 4.11 and later read animations, too: they make room for whatever length a chunk
    declares, up to 4 GB, and crash of some damaged ones (a SIGSEGV in 4.12 to 4.14).

    Returns:
        A PNG; None if a chunk reaches beyond the file, or the last one is missing.
    """
    parts, at = [data[:_SIGNATURE_BYTES]], _SIGNATURE_BYTES
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            return None
        if name in _KEPT:
            parts.append(data[at:end])
        if name == b"IEND":
            return b"".join(parts)
        at = end
    return None
