"""Streams over the network: RTSP, HTTP (Motion JPEG, HLS), RTMP, and MPEG-TS over UDP or TCP."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import av
from av.video.frame import VideoFrame

from fer_edge.errors import SourceError

from .container import open_container, picture_stream, reason
from .decoded_image import DecodedImage
from .frame import Source, SourceSettings
from .frame_conversion import FrameConversion
from .live import Live
from .stream_url import check_url, without_password

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0


class StreamCapture:
    """A `Capture` of a stream, decoded by FFmpeg.

    Frames that the decoder could not make, as after a lost packet, are left out. A read that hangs
    ends by its own time limit; Python may end before it does.

    Attributes:
        name: The address without user, password and query.
        clock_s: The time stamp of the last frame that was read; None where the stream has none.
    """

    outlives_python = True

    def __init__(
        self,
        url: str,
        *,
        options: Mapping[str, str] | None = None,
        pixel_aspect: Fraction | None = None,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Check the address; `open` connects.

        Args:
            url: The address; it may hold a user's name and password.
            options: FFmpeg's options of the protocol. RTSP goes over TCP by default, since lost UDP
                packets tear pictures: {"rtsp_transport": "udp"} changes that.
            pixel_aspect: Width of a pixel over its height; None takes what the stream declares.
            open_timeout_s: An address that does not answer in this time cannot be opened.
            read_timeout_s: A stream without a frame for so long is lost.

        Raises:
            SourceError: The address is not valid.
        """
        check_url(url)
        self.name = without_password(url)
        self.clock_s: float | None = None
        self._url = url
        self._options = _default_options(url) | dict(options or {})
        self._pixel_aspect = pixel_aspect
        self._timeout_s = (open_timeout_s, read_timeout_s)
        self._container: Any = None
        self._stream: Any = None
        self._packets: Iterator[Any] = iter(())
        self._decoded: deque[VideoFrame] = deque()
        self._conversion = FrameConversion(pixel_aspect)

    def open(self) -> float:
        """Connect; see `Capture`."""
        started_s = time.monotonic()
        try:
            self._container = open_container(
                self._url, options=self._options, timeout_s=self._timeout_s
            )
        except av.error.FFmpegError as error:
            waited_s = time.monotonic() - started_s
            # the demuxer of RTSP reports the end of its time as invalid data
            is_late = waited_s >= self._timeout_s[0]
            why = f"no answer in {waited_s:.0f} s" if is_late else reason(error)
            raise SourceError(
                f"{self.name} cannot be opened: {why}; check that the camera is on, the address, "
                "its user and password, and that it sends H.264, H.265 or MJPEG"
            ) from error
        self._stream = picture_stream(self._container, self.name)
        duration = self._container.duration
        if duration and self._url.lower().startswith("http"):
            raise SourceError(
                f"{self.name} is a recorded video of {duration / av.time_base:.0f} s, not a live "
                "stream; download it and pass the file"
            )
        self._conversion = FrameConversion(self._pixel_aspect)
        self._packets = self._container.demux()
        self._decoded.clear()
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate or 0)

    def read(self) -> DecodedImage:
        """Wait for the next frame; see `Capture`."""
        started_s = time.monotonic()
        while not self._decoded:
            # sound alone keeps a connection alive, and is not a picture
            if time.monotonic() - started_s > self._timeout_s[1]:
                raise self._stalled(started_s)
            self._decode_next(started_s)
        frame = self._decoded.popleft()
        self.clock_s = None if frame.pts is None else float(frame.time)
        return self._conversion.take(frame, self._stream.sample_aspect_ratio)

    def close(self) -> None:
        """Hang up."""
        container, self._container = self._container, None
        self._packets = iter(())
        self._decoded.clear()
        if container is not None:
            container.close()

    def interrupt(self) -> None:
        """Do nothing: FFmpeg ends a read by its time limit, and nothing else can."""

    def _decode_next(self, started_s: float) -> None:
        try:
            packet = next(self._packets)
        except StopIteration:
            raise SourceError(f"{self.name} broke off: the stream has ended") from None
        except av.error.ExitError as error:
            raise self._stalled(started_s) from error
        except av.error.FFmpegError as error:
            raise SourceError(f"{self.name} broke off: {reason(error)}") from error
        if packet.stream is not self._stream:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:  # a damaged packet; the next key frame mends it
            return
        self._decoded.extend(frame for frame in frames if not frame.is_corrupt)

    def _stalled(self, started_s: float) -> SourceError:
        return SourceError(
            f"{self.name} stalled: no frame for {time.monotonic() - started_s:.0f} s"
        )


def open_stream(address: str, settings: SourceSettings) -> Source:
    """Open a stream as a live source.

    Raises:
        SourceError: The address is not valid, or does not answer.
    """
    capture = StreamCapture(address, options=settings.options, pixel_aspect=settings.pixel_aspect)
    return Live(capture, on_loss=settings.on_loss)


def _default_options(url: str) -> dict[str, str]:
    return {"rtsp_transport": "tcp"} if url.lower().startswith("rtsp") else {}
