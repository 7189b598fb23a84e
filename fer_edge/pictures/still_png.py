"""The still picture of a PNG, without the chunks of animations."""

import struct

_SIGNATURE_BYTES = 8
_KEPT = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"))


def still_png(data: bytes) -> bytes | None:
    """Remove all chunks of a PNG except those of its picture and its orientation.

    OpenCV 4.11 and later also read animations: they allocate any length that a chunk declares, up
    to 4 GB, and crash on some damaged files (a SIGSEGV in 4.12 to 4.14).

    Returns:
        A PNG; None if a chunk extends beyond the file, or the last one is missing.
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
