"""Streams over the network: RTSP, HTTP (Motion JPEG, HLS), RTMP, and MPEG-TS over UDP or TCP."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain
from typing import Any

import av
from av.video.frame import VideoFrame

from fer_edge.errors import SourceError
from fer_edge.pictures.container import open_container, picture_stream, reason
from fer_edge.shown import without_password

from .decoded_image import DecodedImage
from .frame import Source, SourceSettings
from .frame_conversion import FrameConversion
from .live import Live
from .pixel_aspect import StoredAspect
from .stream_url import check_url, scheme_of
from .video_header import has_clock

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0


class StreamCapture:
    """A `Capture` of a stream, decoded by FFmpeg.

    Frames that the decoder cannot produce, for example after a lost packet, are skipped. A hanging
    read ends by its own timeout; Python may exit before that.

    Attributes:
        name: Address without user, password and query.
        clock_s: Time stamp of the last frame; None if the stream has none, like Motion JPEG, for
            which FFmpeg counts 25 frames per second.
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
            url: Address; it may contain a user name and password.
            options: Options of FFmpeg for the protocol. RTSP uses TCP by default, since lost UDP
                packets damage pictures: {"rtsp_transport": "udp"} changes that.
            pixel_aspect: Width of a pixel divided by its height; None uses the stream's.
            open_timeout_s: Time within which the address must answer.
            read_timeout_s: Time without a frame after which the stream is lost.

        Raises:
            SourceError: The address is not valid.
        """
        check_url(url)
        self.name = without_password(url)
        self.clock_s: float | None = None
        scheme, separator, rest = url.partition("://")
        self._url = f"{scheme.lower()}{separator}{rest}"  # FFmpeg knows lower case only
        self._options = _default_options(url) | dict(options or {})
        self._pixel_aspect = pixel_aspect
        self._timeout_s = (open_timeout_s, read_timeout_s)
        self._container: Any = None
        self._stream: Any = None
        self._has_clock = False
        self._aspect: Any = None
        self._packets: Iterator[Any] = iter(())
        self._decoded: deque[VideoFrame] = deque()
        self._conversion = FrameConversion(self.name, pixel_aspect)

    def open(self) -> float:
        """Connect; see `Capture`."""
        started_s = time.monotonic()
        try:
            self._container = open_container(
                self._url, options=self._options, timeout_s=self._timeout_s
            )
        except av.error.FFmpegError as error:
            waited_s = time.monotonic() - started_s
            # the RTSP demuxer reports a timeout as invalid data
            is_late = waited_s >= self._timeout_s[0]
            why = f"no answer in {waited_s:.0f} s" if is_late else reason(error)
            raise SourceError(
                f"{self.name} cannot be opened: {why}; check that the camera is switched on, its "
                "address, user and password, and that it sends H.264, H.265 or MJPEG"
            ) from error
        self._stream = picture_stream(self._container, self.name)
        self._has_clock = has_clock(self._container)
        self._aspect = StoredAspect(self._stream)
        self._packets = self._container.demux()
        self._decoded.clear()
        kind = _recorded_kind(self._container) if self._url.startswith("http") else ""
        if not kind and self._ends_after_a_picture(started_s):
            kind = "a single picture"
        if kind:
            raise SourceError(
                f"{self.name} is {kind}, not a live stream; download it and pass the file, or use "
                "the camera's address for RTSP or Motion JPEG"
            )
        self._conversion = FrameConversion(self.name, self._pixel_aspect)
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate or 0)

    def read(self) -> DecodedImage:
        """Wait for the next frame; see `Capture`."""
        started_s = time.monotonic()
        while not self._decoded:
            # audio keeps a connection alive, but is not a picture
            if time.monotonic() - started_s > self._timeout_s[1]:
                raise self._stalled(started_s)
            self._decode_next(started_s)
        frame = self._decoded.popleft()
        is_timed = self._has_clock and frame.pts is not None
        self.clock_s = float(frame.time) if is_timed else None
        self._conversion.note(frame)
        return self._conversion.take(frame, self._aspect.of_frame())

    def close(self) -> None:
        """Disconnect."""
        container, self._container = self._container, None
        self._packets = iter(())
        self._decoded.clear()
        if container is not None:
            container.close()

    def interrupt(self) -> None:
        """Do nothing: only its timeout can end a read of FFmpeg."""

    def _ends_after_a_picture(self, started_s: float) -> bool:
        """Return whether it is a picture of unknown size on a web server, such as a snapshot.

        FFmpeg gives a sequence of JPEG files the same format: only its second one shows that it is
        a stream.
        """
        name = self._container.format.name
        if not self._url.startswith("http") or not (name.endswith("_pipe") or name == "image2"):
            return False
        read: list[Any] = []
        try:
            while len(read) < 2:
                packet = next(self._packets)
                if packet.size:
                    read.append(packet)
        except av.error.ExitError as error:
            raise self._stalled(started_s) from error
        except (StopIteration, av.error.FFmpegError):
            return True
        self._packets = chain(read, self._packets)
        return False

    def _decode_next(self, started_s: float) -> None:
        asked_s = time.monotonic()
        try:
            packet = next(self._packets)
        except StopIteration:
            raise SourceError(f"{self.name} was interrupted: the stream ended") from None
        except av.error.ExitError as error:
            raise self._stalled(started_s) from error
        except av.error.FFmpegError as error:
            raise SourceError(f"{self.name} was interrupted: {reason(error)}") from error
        if time.monotonic() - asked_s >= self._timeout_s[1]:
            # FFmpeg's timeout: it returns the old frames that it still held
            raise self._stalled(started_s)
        if packet.stream is not self._stream:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:  # a damaged packet; decoding recovers at the next key frame
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
        ConfigError: A size or a frame rate is given: a stream has its own.
    """
    settings.check_used(scheme_of(address), "on_loss", "pixel_aspect", "options")
    capture = StreamCapture(address, options=settings.options, pixel_aspect=settings.pixel_aspect)
    return Live(capture, on_loss=settings.on_loss)


def _default_options(url: str) -> dict[str, str]:
    return {"rtsp_transport": "tcp"} if url.lower().startswith("rtsp") else {}


def _recorded_kind(container: Any) -> str:
    """Describe a file on a web server, which would be played again and again; empty for a stream.

    A live MPEG-TS has no size. Cameras state wrong sizes of Motion JPEG, whose format is certain.
    """
    name = container.format.name
    if name == "tty":
        return "a text"
    if container.duration and container.duration >= av.time_base:
        return f"a recorded video of {container.duration / av.time_base:.0f} s"
    if container.size > 0 and name not in ("mpjpeg", "hls", "dash"):
        return f"a file of {container.size:,} bytes"
    return ""
