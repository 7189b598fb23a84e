"""A video file that grows frame by frame, each with its own time stamp."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from fer_edge.errors import OutputError

_BT601, _FULL_RANGE, _LIMITED_RANGE = 6, 2, 1  # AVColorSpace and AVColorRange, libavutil/pixfmt.h
_SECONDS_PER_KEY_FRAME = 5


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encoding of a container.

    Attributes:
        codecs: Encoders by FFmpeg's names; the first available one is used.
        pixel_format: Pixel format for them.
        clock_hz: Ticks per second of the container; 0 counts frames, as in AVI.
        container_options: Options of FFmpeg for the container.
    """

    codecs: tuple[str, ...]
    pixel_format: str
    clock_hz: int
    container_options: tuple[tuple[str, str], ...] = ()


ENCODINGS = {
    ".mp4": Encoding(("libx264", "mpeg4"), "yuv420p", 90_000, (("movflags", "faststart"),)),
    ".mkv": Encoding(("libx264", "mpeg4"), "yuv420p", 1000),
    ".avi": Encoding(("mjpeg",), "yuvj420p", 0),
}
"""By suffix. All browsers play H.264; an .avi of JPEG pictures can be truncated at any frame."""

_ONE_FRAME_A_CLUSTER = {".mkv": {"cluster_time_limit": "1"}}

_FORMATS = {".mp4": "mp4", ".mkv": "matroska", ".avi": "avi"}

_CODEC_OPTIONS = {
    # 640x360 on one x86-64 core: 1.8 ms per frame, 38.6 dB; the preset superfast halves the size
    # and takes 2.8 ms
    "libx264": {"preset": "ultrafast", "crf": "23"},
    "mpeg4": {"qmin": "3", "qmax": "6"},
    "mjpeg": {"qmin": "2", "qmax": "4"},
}


class VideoEncoder:
    """Encodes frames into one file."""

    def __init__(
        self,
        place: Path,
        suffix: str,
        *,
        size: tuple[int, int],
        rate_hz: float,
        tick_rate_hz: float | None = None,
        is_live: bool,
    ) -> None:
        """Open the file.

        Args:
            place: Path to write.
            suffix: One of `ENCODINGS`, whatever the suffix of `place` is.
            size: (width, height) of the frames in pixels; an odd side loses its last row or column.
            rate_hz: Nominal frame rate.
            tick_rate_hz: Rate at which each frame has its own tick, for a container that counts
                frames; None for `rate_hz`.
            is_live: Whether to write each frame at once, so that a power cut loses little.

        Raises:
            OutputError: FFmpeg cannot write a video of this size.
            OSError: The file cannot be written.
        """
        self._encoding = ENCODINGS[suffix]
        if not self._encoding.clock_hz:  # FFmpeg fills ticks without a frame
            rate_hz = tick_rate_hz or rate_hz
        self._clock = Fraction(self._encoding.clock_hz) or _as_fraction(rate_hz)
        self._size = (size[0] - size[0] % 2, size[1] - size[1] % 2)
        self._last_tick = -1
        self._scaler = VideoReformatter()
        if min(self._size) < 2:
            raise OutputError(f"a video needs frames of at least 2x2 pixels, got {size}")
        options = dict(self._encoding.container_options)
        if is_live:
            # a cluster is written when it is full: with one frame per cluster, only the last one
            # is lost
            options |= {"flush_packets": "1"} | _ONE_FRAME_A_CLUSTER.get(suffix, {})
        self._container: Any = av.open(
            str(place.absolute()), "w", format=_FORMATS[suffix], options=options
        )
        self._stream = self._add_stream(rate_hz, is_live)

    def write(self, image: NDArray[np.uint8], time_s: float, *, is_optional: bool = False) -> bool:
        """Encode a frame.

        Args:
            image: uint8, (height, width, 3), BGR, of the video's size.
            time_s: Time in seconds from the first frame; never before the last one.
            is_optional: Whether to skip it if the container has no time slot for it, as in AVI
                between two of its frames; otherwise it is shown one frame later.

        Returns:
            Whether it was written.

        Raises:
            OSError: The file cannot be written, for example on a full disk.
            OutputError: The encoder fails, for example without memory.
        """
        tick = math.floor(time_s * self._clock + Fraction(1, 2))
        if tick <= self._last_tick:
            if is_optional:
                return False
            tick = self._last_tick + 1
        self._last_tick = tick
        width, height = self._size
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "bgr24")
        is_jpeg = self._encoding.pixel_format == "yuvj420p"
        frame = self._scaler.reformat(
            frame,
            format=self._encoding.pixel_format,
            dst_color_range=_FULL_RANGE if is_jpeg else _LIMITED_RANGE,
            threads=1,
        )
        frame.pts, frame.time_base = tick, 1 / self._clock
        with _told():
            self._container.mux(self._stream.encode(frame))
        return True

    def close(self, *, complete: bool = True) -> None:
        """Finish the file.

        Args:
            complete: Whether to write the encoder's pending frames, and the index.

        Raises:
            OSError: It could not be written completely.
            OutputError: The encoder fails.
        """
        try:
            if complete:
                with _told():
                    self._container.mux(self._stream.encode())
        finally:
            self._container.close()

    def _add_stream(self, rate_hz: float, is_live: bool) -> Any:
        for codec in self._encoding.codecs:
            options = dict(_CODEC_OPTIONS[codec])
            if is_live and codec == "libx264":
                options["tune"] = "zerolatency"
            try:
                stream = self._container.add_stream(
                    codec, rate=_as_fraction(rate_hz), options=options
                )
            except av.error.EncoderNotFoundError:
                continue
            stream.width, stream.height = self._size
            stream.pix_fmt = self._encoding.pixel_format
            context = stream.codec_context
            context.time_base = 1 / self._clock
            context.gop_size = max(1, round(_SECONDS_PER_KEY_FRAME * rate_hz))
            # players assume BT.709 for larger frames by default
            context.colorspace = _BT601
            return stream
        raise OutputError(f"the installed PyAV has no encoder {' or '.join(self._encoding.codecs)}")


@contextmanager
def _told() -> Iterator[None]:
    """Turn the errors of an encoder, which the system does not know, into an `OutputError`."""
    try:
        yield
    except OSError:  # also some errors of FFmpeg, such as a full disk
        raise
    except av.error.FFmpegError as error:
        raise OutputError(f"the video encoder fails ({error.strerror})") from error


def _as_fraction(rate_hz: float) -> Fraction:
    return Fraction(rate_hz).limit_denominator(1001)
