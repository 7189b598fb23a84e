"""Repair of a file of lines after a power cut, so that lines can be appended.

A file system may store the new length of a file before its content is on the disk. After a power
cut the last blocks are then zero bytes, and the line before them is incomplete; if a later block
was written earlier, complete lines follow. FAT, which has no unwritten blocks, may show bytes of
another file. Since a damaged line breaks every reader, it is removed; complete lines are kept.

A file of another kind must not be taken for a damaged one. A power cut replaces bytes by zeros, so
the others are still those of the format; and it damages only the last seconds.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

WINDOW_BYTES = 4 << 20
"""Size of the part that may be damaged: data of the last seconds before the cut, see
`disk_sync`."""

_BLOCK_BYTES = 4096


class ForeignContentError(Exception):
    """Raised for content that a power cut does not explain: the file is of another kind."""


@dataclass(frozen=True, slots=True)
class LineFormat:
    """Format of the lines of a file.

    Attributes:
        beginning: Text with which such a file begins, to distinguish it from others.
        is_whole: Function that returns whether a line is complete and valid.
        header: First line, if any.
    """

    beginning: str
    is_whole: Callable[[str], bool]
    header: str | None = None


def cut_damage(handle: int, size: int, line_format: LineFormat) -> int:
    """Remove damaged lines at the end of a file, if a power cut left any.

    A file without zero bytes, invalid UTF-8 or an incomplete line at its end is not changed.

    Args:
        handle: File, open for reading and appending.
        size: Length in bytes.
        line_format: Format of its lines.

    Returns:
        Number of bytes removed.

    Raises:
        ForeignContentError: Its content is of another kind; it was not changed.
        OSError: It cannot be read or written.
    """
    _check_beginning(handle, line_format)
    start, tail = _tail(handle, size)
    if not tail or not _is_damaged(tail):
        return 0
    lines = [(line + b"\n", _is_whole(line, line_format)) for line in tail.split(b"\n")]
    # the last zero bytes extend to the end of the file
    intact = [line for line, _ in takewhile(lambda item: item[1], lines[:-1])]
    later = [line for line, is_whole in lines[len(intact) :] if is_whole]
    _check_damage(tail, [*intact, *later])
    header = (line_format.header or "").encode() + b"\n"
    if start == 0 and later and not intact and line_format.header is not None:
        # the block with the header is lost, but a later one is not
        later = [header, *(line for line in later if line != header)]
    # not pwrite: with O_APPEND Linux writes at the end whatever the offset (pwrite(2), BUGS)
    os.ftruncate(handle, start + sum(map(len, intact)))
    _write_all(handle, b"".join(later))
    os.fdatasync(handle)
    return len(tail) - sum(map(len, (*intact, *later)))


def _check_beginning(handle: int, line_format: LineFormat) -> None:
    """Reject a file whose first bytes are neither those of the format nor zero."""
    expected = line_format.beginning.encode("utf-8", "backslashreplace")
    found = os.pread(handle, len(expected), 0)
    if any(byte not in (0, wanted) for byte, wanted in zip(found, expected, strict=False)):
        raise ForeignContentError(
            "lines of a different format: expected it to begin with "
            f"{line_format.beginning.strip()}"
        )


def _check_damage(tail: bytes, whole: list[bytes]) -> None:
    """Reject damage that is more than zero bytes, incomplete lines and blocks of another file."""
    whole_bytes, kept = sum(map(len, whole)), set(whole)
    *ended, last = tail.split(b"\n")
    broken = [line for line in ended if line + b"\n" not in kept]
    # zero bytes explain the line around them; lines have no other control characters
    odd = [
        line for line in (*broken, last) if any(byte < 0x20 for byte in line.replace(b"\0", b""))
    ]
    unexplained = odd + [line for line in broken if b"\0" not in line and line not in odd]
    lost = sum(len(line) - line.count(0) + 1 for line in unexplained)
    if lost > (max(_BLOCK_BYTES, whole_bytes) if whole else 0):
        raise ForeignContentError("content of a different format, more than a power cut leaves")


def _tail(handle: int, size: int) -> tuple[int, bytes]:
    """Return the last complete window, from the start of a line, and its position."""
    window = WINDOW_BYTES
    while window < size:
        data = _read_all(handle, size - window, window)
        line_end = data.find(b"\n")
        if 0 <= line_end < len(data) - 1:
            return size - window + line_end + 1, data[line_end + 1 :]
        window *= 2
    return 0, _read_all(handle, 0, size)


def _is_damaged(tail: bytes) -> bool:
    if b"\0" in tail or not tail.endswith(b"\n"):
        return True
    try:
        tail.decode()
    except UnicodeDecodeError:
        return True
    return False


def _is_whole(line: bytes, line_format: LineFormat) -> bool:
    try:
        return b"\0" not in line and line_format.is_whole(line.decode())
    except UnicodeDecodeError:
        return False


def _read_all(handle: int, start: int, length: int) -> bytes:
    pieces = []
    while length and (piece := os.pread(handle, length, start)):
        pieces.append(piece)
        start, length = start + len(piece), length - len(piece)
    return b"".join(pieces)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
