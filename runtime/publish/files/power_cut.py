"""What a power cut leaves in a file of lines, and how the file goes on behind it.

A file system may note a file's new length before its content is on the disk. After a power cut the
last blocks then read as zero bytes, and the line before them is torn; where a later block was
written earlier, whole lines follow. FAT, which knows no unwritten blocks, may show bytes of another
file. A line that such a cut has touched breaks every reader, so it goes; whole ones stay.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

WINDOW_BYTES = 4 << 20
"""What can be damaged was written within seconds of the cut, see `disk_sync`."""


@dataclass(frozen=True, slots=True)
class LineFormat:
    """What lines a file has.

    Attributes:
        beginning: What every such file begins with, to tell it from another's.
        is_whole: Whether a line is one of these, from its first letter to its last.
        header: The first line, if there is one.
    """

    beginning: str
    is_whole: Callable[[str], bool]
    header: str | None = None


def cut_damage(handle: int, size: int, line_format: LineFormat) -> int:
    """Remove what is not a whole line from the end of a file, if a power cut left something there.

    A file without zero bytes, broken UTF-8 or half a line at its end is left as it is.

    Args:
        handle: The file, open for reading and appending.
        size: Its length in bytes.
        line_format: Its lines.

    Returns:
        Number of bytes that are gone.

    Raises:
        OSError: It cannot be read or written.
    """
    start, tail = _tail(handle, size)
    if not tail or not _is_damaged(tail):
        return 0
    lines = [(line + b"\n", _is_whole(line, line_format)) for line in tail.split(b"\n")]
    # the last of them has no end in the file
    intact = [line for line, _ in takewhile(lambda item: item[1], lines[:-1])]
    later = [line for line, is_whole in lines[len(intact) :] if is_whole]
    header = (line_format.header or "").encode() + b"\n"
    if start == 0 and later and not intact and line_format.header is not None:
        # the block with the header is lost, and a later one is not
        later = [header, *(line for line in later if line != header)]
    # no pwrite: with O_APPEND Linux writes at the end whatever its offset (pwrite(2), BUGS)
    os.ftruncate(handle, start + sum(map(len, intact)))
    _write_all(handle, b"".join(later))
    os.fdatasync(handle)
    return len(tail) - sum(map(len, (*intact, *later)))


def _tail(handle: int, size: int) -> tuple[int, bytes]:
    """Return the last whole window, from the beginning of a line, and where it starts."""
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
