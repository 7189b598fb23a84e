"""Where frames come from: a picture, a folder of pictures, a video file, a camera."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import SourceError

from .frame import Frame, Source

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")


class Pictures:
    """Pictures from files, in the order given."""

    is_video = False
    is_live = False
    frame_rate_hz = 0.0
    dropped = 0

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self.length: int | None = len(paths)

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            yield Frame(read_image(path), index, 0.0, str(path))

    def close(self) -> None:
        """Nothing stays open between pictures."""


class Video:
    """A video file, every frame in order."""

    is_video = True
    is_live = False
    dropped = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        with without_chatter():
            self._capture = cv2.VideoCapture(str(path))
        # FFmpeg's "ansi" codec makes a film of any file whose name ends in .txt
        is_text = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"ansi")
        if is_text or not self._capture.isOpened():
            raise SourceError(
                f"{path} is neither a picture nor a video that OpenCV can open; "
                "check that the file is whole, or convert it (ffmpeg -i IN OUT.mp4)"
            )
        self.frame_rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS)) or 25.0
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.length: int | None = count if count > 0 else None

    def __iter__(self) -> Iterator[Frame]:
        index, time_s = 0, 0.0
        while True:
            with without_chatter():
                found, image = self._capture.read()
            if not found:
                break
            # not every container knows the time of a frame
            clock_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            time_s = clock_s if clock_s > 0 else index / self.frame_rate_hz
            yield Frame(_as_bgr(image), index, time_s, str(self._path))
            index += 1
        if index == 0:
            raise SourceError(f"{self._path} has no frame that can be decoded; is it cut short?")
        # Where a container does not store its frame count, OpenCV takes duration times rate, which
        # is too high for a varying rate: the clock counts as well. A tenth missing is no rounding.
        reached = max(index, time_s * self.frame_rate_hz)
        if self.length is not None and reached < 0.9 * self.length:
            raise SourceError(
                f"{self._path} is cut short: {index} of {self.length} frames could be decoded; "
                "copy it again"
            )

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class Camera:
    """A camera that OpenCV can open (V4L2): USB webcams, and Pi cameras through libcamerify."""

    is_video = True
    is_live = True
    dropped = 0
    length: int | None = None

    def __init__(self, number: int) -> None:
        self._number = number
        with without_chatter():
            self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            present = sorted(str(path) for path in Path("/dev").glob("video*"))
            raise SourceError(
                f"camera {number} cannot be opened; cameras on this device: "
                f"{', '.join(present) or 'none'}; plug one in or pass another --camera"
            )
        self.frame_rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS)) or 30.0

    def __iter__(self) -> Iterator[Frame]:
        started, index = time.monotonic(), 0
        while True:
            found, image = self._capture.read()
            if not found:
                raise SourceError(f"camera {self._number} stopped after {index} frames; replug it")
            now = time.monotonic() - started
            yield Frame(_as_bgr(image), index, now, f"camera {self._number}")
            index += 1

    def close(self) -> None:
        """Free the camera."""
        self._capture.release()


def open_source(path: Path) -> Source:
    """Open a picture, a folder of pictures, or a video file.

    Raises:
        SourceError: It is missing, empty, or none of these.
    """
    if path.is_dir():
        pictures = sorted(
            item
            for item in path.rglob("*")
            if item.suffix.lower() in IMAGE_SUFFIXES and item.is_file()
        )
        if not pictures:
            raise SourceError(
                f"folder {path} holds no picture; wanted files that end in "
                f"{', '.join(IMAGE_SUFFIXES)}"
            )
        return Pictures(pictures)
    if not path.exists():
        raise SourceError(f"{path} does not exist; name a picture, a folder or a video file")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path} may not be read; check its permissions")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty; name a picture, a folder or a video file")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return Pictures([path])
    return Video(path)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 (height, width, 3) BGR.

    The bytes go through memory, since OpenCV's own reader is silent about what went wrong.

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


def _as_bgr(image: Any) -> NDArray[np.uint8]:
    """Bring what a capture delivers (rarely grey or BGRA) to three channels."""
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    bgr: NDArray[np.uint8] = image
    return bgr
