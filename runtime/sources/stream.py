"""Streams over the network: rtsp://, and http:// (Motion JPEG, HLS, ...), by FFmpeg in OpenCV."""

import os
import re
import time
from collections.abc import Collection
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import quiet_opencv
from fer_edge.errors import SourceError

from .connection import find_connections, hang_up
from .pixels import as_bgr

SCHEMES = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
"""Those that `StreamCapture` opens, with their ports."""
OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0


class StreamCapture:
    """A `Capture` of a stream.

    RTSP goes over TCP, as lost UDP packets tear pictures; whoever wants it otherwise sets
    OPENCV_FFMPEG_CAPTURE_OPTIONS, as `rtsp_transport;udp`, which is left as it is.
    """

    def __init__(
        self,
        url: str,
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Say which stream; `open` opens it.

        Args:
            url: Its address; may hold a user's name and password.
            open_timeout_s: An address that does not answer in this time cannot be opened.
            read_timeout_s: A stream without a frame for so long is lost.
        """
        self.name = without_password(url)
        self._url = url
        self._port = port_of(url)
        self._others: Collection[int] = ()
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> float:
        """Connect; see `Capture`."""
        if cv2.CAP_FFMPEG not in cv2.videoio_registry.getStreamBackends():
            raise SourceError(
                f"{self.name} needs an OpenCV with FFmpeg, which this one lacks; run: pip install "
                "opencv-python-headless"
            )
        quiet_opencv()
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        timeouts = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(1000 * self._open_timeout_s)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(1000 * self._read_timeout_s)),
        ]
        self._others = find_connections(self._port).keys()
        started_s = time.monotonic()
        self._capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, timeouts)
        if not self._capture.isOpened():
            waited_s = time.monotonic() - started_s
            took = f": no answer in {waited_s:.0f} s" if waited_s >= self._open_timeout_s else ""
            raise SourceError(
                f"{self.name} cannot be opened{took}; check that the camera is on, the address, "
                "its user and password, and that it sends H.264, H.265 or MJPEG"
            )
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if frames > 0 and self._url.lower().startswith("http"):
            raise SourceError(
                f"{self.name} is a film of {frames:.0f} frames and no live stream; download it "
                "and pass the file"
            )
        return float(self._capture.get(cv2.CAP_PROP_FPS))

    def read(self) -> NDArray[np.uint8]:
        """Wait for the next frame; see `Capture`."""
        started_s = time.monotonic()
        found, image = self._capture.read() if self._capture else (False, None)
        if not found:
            waited_s = time.monotonic() - started_s
            stalled = waited_s >= self._read_timeout_s
            raise SourceError(
                f"{self.name} "
                + (f"stalled: no frame for {waited_s:.0f} s" if stalled else "broke off")
            )
        return as_bgr(image)

    def close(self) -> None:
        """Hang up."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def interrupt(self) -> None:
        """Hang up the connections that were made by `open`; see `Capture`."""
        for inode, descriptor in find_connections(self._port).items():
            if inode not in self._others:
                hang_up(descriptor)


def is_address(text: str) -> bool:
    """Tell whether a text is an address of a stream and no file's name."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def port_of(url: str) -> int:
    """Return the TCP port of an address.

    Raises:
        SourceError: It has no host, or a port that is no number.
    """
    try:
        url.encode()  # OpenCV crashes of what is no UTF-8
        parts = urlsplit(url)
        if parts.hostname:
            return parts.port or SCHEMES[parts.scheme]
    except ValueError:  # such as [ without ], or no UTF-8
        pass
    raise SourceError(
        f"{without_password(url)} is no address of a stream; wanted "
        "rtsp://USER:PASSWORD@HOST:PORT/PATH, with / ? # @ in a password as %2F %3F %23 %40"
    )


def without_password(url: str) -> str:
    """Return an address as it may be shown: without user, password and query (which holds keys)."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    _, at, host = authority.rpartition("@")
    # where a password holds a bare / ? or #, nobody can tell what is host and what is secret
    if "@" in behind or (not at and not re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host)):
        return f"{scheme}://..."
    path = re.split(r"[?#]", behind, maxsplit=1)[0]
    return f"{scheme}://{host}{path}"
