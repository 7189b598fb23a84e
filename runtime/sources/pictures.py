"""Pictures from files."""

import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import SourceError

from ..frame import Frame

_log = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")


class Pictures:
    """Pictures from files, in the order given; of several, a broken one is passed over."""

    is_video = False
    is_live = False
    frame_rate_hz = 0.0
    dropped = 0

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._closed = False
        self.length: int | None = len(paths)

    def __iter__(self) -> Iterator[Frame]:
        index, error = 0, None
        for path in self._paths:
            if self._closed:
                return
            try:
                image = read_image(path)
            except SourceError as caught:
                if len(self._paths) == 1:
                    raise
                error = caught
                _log.warning("%s; it was passed over", error)
                continue
            yield Frame(image, index, 0.0, str(path))
            index += 1
        if index == 0 and error is not None:
            raise SourceError(f"none of {len(self._paths)} pictures can be read") from error

    def close(self) -> None:
        """End before the next picture; nothing stays open between two."""
        self._closed = True


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 (height, width, 3) BGR, turned upright by its EXIF orientation.

    16 bits become 8, grey and CMYK become BGR, transparency is dropped. The bytes go through
    memory, since OpenCV's own reader is silent about what went wrong.

    Raises:
        SourceError: The file cannot be read or is no picture.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"picture {path} cannot be read: {error.strerror}") from error
    try:
        with without_chatter():
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:  # such as a header that claims more pixels than OpenCV accepts
        raise SourceError(f"picture {path} cannot be decoded: {error.err}") from error
    if image is None or _is_cut_jpeg(data):
        raise SourceError(f"{path} is not a picture that OpenCV can decode, or it is cut short")
    return image.astype(np.uint8, copy=False)


def _is_cut_jpeg(data: bytes) -> bool:
    """Tell whether a JPEG lacks its end mark: older OpenCV paints what is missing grey."""
    if not data.startswith(b"\xff\xd8"):
        return False
    at = 2  # walk the segments before the scan: a thumbnail in them has its own end mark
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
        is_filler = data[at + 1 : at + 2] == b"\xff"
        at += 1 if is_filler else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return b"\xff\xd9" not in data[at:]
