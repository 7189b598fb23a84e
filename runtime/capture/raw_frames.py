"""Raw frames on a pipe, one after the other, as written by camera and video programs."""

import logging
import os
import select
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, SourceError

from .frame import Frame
from .pixels import as_bgr

log = logging.getLogger(__name__)

DEFAULT_RATE_HZ = 30.0


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """Memory layout of a frame, rows without padding.

    Attributes:
        channels: Bytes per pixel of a row.
        halves: Number of rows of the array for OpenCV, in halves of the height.
        code: OpenCV's conversion to BGR; None if it is BGR.
        even: Required divisors of width and height.
    """

    channels: int
    code: int | None
    halves: int = 2
    even: tuple[int, int] = (1, 1)


PIXEL_FORMATS = {
    "bgr24": PixelFormat(3, None),
    "rgb24": PixelFormat(3, cv2.COLOR_RGB2BGR),
    "bgra": PixelFormat(4, cv2.COLOR_BGRA2BGR),
    "gray": PixelFormat(1, cv2.COLOR_GRAY2BGR),
    "yuyv422": PixelFormat(2, cv2.COLOR_YUV2BGR_YUYV, even=(2, 1)),
    "yuv420p": PixelFormat(1, cv2.COLOR_YUV2BGR_I420, halves=3, even=(2, 2)),
    "nv12": PixelFormat(1, cv2.COLOR_YUV2BGR_NV12, halves=3, even=(2, 2)),
}
"""By the names of FFmpeg's `-pix_fmt`."""


class RawFrames:
    """Raw frames from a pipe.

    The pipe is not a live source, although a camera may be at its other end: nothing is dropped,
    and a sender that is faster than the reader waits. Time is counted in frames.
    """

    is_video = True
    is_live = False
    dropped = 0
    length: int | None = None

    def __init__(
        self,
        stream: BinaryIO,
        *,
        size: tuple[int, int],
        pixel_format: str,
        rate_hz: float = DEFAULT_RATE_HZ,
        name: str = "standard input",
    ) -> None:
        """Store a pipe; its owner must close it.

        Args:
            stream: Stream with a file descriptor, with no other reader.
            size: Width and height of a frame, in pixels; both even for yuv420p and nv12, the width
                even for yuyv422.
            pixel_format: One of `PIXEL_FORMATS`, without padding between rows.
            rate_hz: Frame rate, for the times of the frames.
            name: Name in messages.

        Raises:
            ConfigError: The size does not suit the format.
            SourceError: The stream is a terminal.
        """
        layout = PIXEL_FORMATS[pixel_format]
        width, height = size
        if width % layout.even[0] or height % layout.even[1]:
            raise ConfigError(
                f"{pixel_format} frames need an even width and height, got {width}x{height}"
            )
        if stream.isatty():
            raise SourceError(f"{name} is a terminal; expected raw frames through a pipe")
        self._code = layout.code
        self._shape = (height * layout.halves // 2, width, layout.channels)
        self._size_bytes = self._shape[0] * width * layout.channels
        self._stream = stream
        self._name = name
        self.frame_rate_hz = rate_hz
        self._closing = threading.RLock()
        self._closed = self._is_read = False
        self._wake, self._alarm = os.pipe()

    def __iter__(self) -> Iterator[Frame]:
        if not self._begin():
            return
        try:
            yield from self._frames()
        finally:
            self._end()

    def close(self) -> None:
        """End the iteration, also while it waits for a frame."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            os.close(self._alarm)  # closing the other end of the pipe wakes the poll
            if not self._is_read:
                os.close(self._wake)

    def _begin(self) -> bool:
        with self._closing:
            self._is_read = not self._closed
            return self._is_read

    def _end(self) -> None:
        with self._closing:
            self._is_read = False
            if self._closed:
                os.close(self._wake)

    def _frames(self) -> Iterator[Frame]:
        index = 0
        while True:
            data = np.empty(self._size_bytes, np.uint8)
            got = self._fill(data.data)
            if got is None:
                return
            if got < self._size_bytes:
                break
            yield Frame(self._as_bgr(data), index, index / self.frame_rate_hz, self._name)
            index += 1
        rest = f"{got} of the {self._size_bytes} bytes of a frame"
        if index == 0:
            raise SourceError(
                f"{self._name} ended after {rest}; check the sender, --size and --pixel-format"
            )
        if got:
            log.warning("%s ended within frame %d: got %s", self._name, index, rest)

    def _fill(self, view: memoryview) -> int | None:
        """Read until the view is full or the pipe ends; None after `close`."""
        pipe, got = self._stream.fileno(), 0
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while got < len(view):
            ready = poll.poll()
            if self._closed:
                return None
            if all(descriptor != pipe for descriptor, _ in ready):
                continue
            count = os.readv(pipe, [view[got:]])
            if count == 0:
                break
            got += count
        return got

    def _as_bgr(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = data.reshape(self._shape)
        return as_bgr(image if self._code is None else cv2.cvtColor(image, self._code))
