"""A video file, every frame in order."""

import logging
import math
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame

from fer_edge.errors import ConfigError, SourceError
from fer_edge.pictures.container import open_video_file, picture_stream

from .frame import Frame
from .frame_conversion import FrameConversion
from .pixel_aspect import StoredAspect
from .presentation_clock import PresentationClock
from .span import WHOLE, Span
from .video_header import declared_length, has_clock, has_flag, stored_rate_hz, tick_rate_hz

log = logging.getLogger(__name__)

_MISSING_FRAMES = 1.5
"""A codec with frames that depend on later ones may end a frame early."""
_DECLARE_THEIR_LENGTH = ("mov", "matroska", "flv", "asf")
"""Containers with the length in their header. Of the others FFmpeg reads the end of the file."""
_STAMPED_IN_DECODING_ORDER = ("avi", "asf")
"""Containers whose time stamps increase in the order of decoding, also with B-frames."""
_EARLY = 1e-3
"""Share of a step by which a frame may be early: time stamps are rounded."""
_LEAST_SHARE = 0.9
"""A file that ends before this share of its declared length is truncated."""


class Video:
    """A video file or an animated GIF, all frames in order.

    Every loop starts at the first frame, and ends an earlier loop that is not finished.

    Frames that the decoder cannot produce, or only partly, are skipped and counted in a warning.
    `next_s` is the time of the first frame after the span, once it has been reached.
    """

    is_video = True
    is_live = False
    dropped = 0

    def __init__(
        self,
        path: Path,
        *,
        frame_rate_hz: float | None = None,
        pixel_aspect: Fraction | None = None,
        every_s: float = 0.0,
        span: Span = WHOLE,
        decoder_threads: int = 0,
    ) -> None:
        """Open a file.

        Args:
            path: Path of the file.
            frame_rate_hz: Frame rate of a raw H.264, H.265 or Motion JPEG file, which has no time
                stamps; None uses the rate of its stream, else 25.
            pixel_aspect: Width of a pixel divided by its height; None uses the file's.
            every_s: Least distance in seconds between frames; 0 reads all. Frames keep their index
                and time.
            span: Part to read; frames keep their time, and are counted from its first one. Reading
                starts at the key frame before it, see `can_seek`.
            decoder_threads: Number of decoder threads; 0 uses one per core.

        Raises:
            SourceError: FFmpeg cannot decode the file as a video.
            ConfigError: It has time stamps, and `frame_rate_hz` is given.
        """
        self._path = path
        self._reading = threading.RLock()
        self._closed = False
        self._container: Any = open_video_file(path)
        try:
            self._stream = picture_stream(self._container, str(path))
            self._aspect = StoredAspect(self._stream)
            self._has_clock = has_clock(self._container)
            if self._has_clock and frame_rate_hz is not None:
                raise ConfigError(
                    f"{path} has its own time stamps; omit the frame rate: --fps is for raw .h264, "
                    ".h265 and .mjpeg files and for cameras (in Python: frame_rate_hz)"
                )
        except (ConfigError, SourceError):
            self._container.close()
            raise
        self._decoder_threads, self._span = decoder_threads, span
        self._set_threads()
        self._conversion = FrameConversion(str(path), pixel_aspect)
        self._every_s = every_s
        self._stored_rate_hz = frame_rate_hz or stored_rate_hz(self._stream, self._has_clock)
        self.frame_rate_hz = self._stored_rate_hz
        self.tick_rate_hz = tick_rate_hz(self._stream, self._stored_rate_hz)
        self.length = declared_length(self._container, self._stream, self._stored_rate_hz)
        self._length_s = None if self.length is None else self.length / self._stored_rate_hz
        if every_s * self._stored_rate_hz > 1:
            self.frame_rate_hz = 1 / every_s
            if self.length is not None:
                self.length = math.ceil(self.length / (every_s * self._stored_rate_hz))
        self._is_broadcast = has_flag(self._container, av.format.Flags.ts_discont)
        self._reached_s = self._pictures_reached_s = 0.0
        self._damaged = self._loops = 0
        self.next_s: float | None = None

    @property
    def can_seek(self) -> bool:
        """Whether a span in the middle can be reached without decoding the frames before it."""
        return self._has_clock and not self._is_broadcast

    @property
    def length_s(self) -> float | None:
        """Length of the video stream in seconds: the declared one until all frames were read.

        None if none is declared.
        """
        return self._length_s

    def __iter__(self) -> Iterator[Frame]:
        span, loop = self._span, self._begin()
        clock = PresentationClock(
            self._stored_rate_hz, is_broadcast=self._is_broadcast, origin_s=self._seek(span.from_s)
        )
        packets = self._container.demux() if not self._closed else iter(())
        index, due_s = 0, _first_due_s(span.from_s, self._every_s)
        end_s: float | None = None
        while (decoded := self._decode(packets, loop)) is not None:
            for frame in decoded:
                self._conversion.note(frame)
                time_s = clock.time_s(self._stamp_s(frame))
                end_s = time_s + self._shown_s(frame)
                if time_s < span.from_s:
                    continue
                if time_s >= span.to_s:
                    self.next_s = max(time_s, due_s + _EARLY * self._every_s)
                    return
                if time_s >= due_s:
                    with self._reading:
                        if self._closed:
                            return
                        image = self._conversion.take(frame, self._aspect.of_frame())
                    due_s = _next_due_s(time_s, self._every_s)
                    yield Frame(image, index, time_s, str(self._path))
                index += 1
        if self._closed:
            return
        self._length_s = end_s or self._length_s
        if self._damaged:
            log.warning("%s: %d or more damaged frames were skipped", self._path, self._damaged)
        self._check_end(index)

    def close(self) -> None:
        """Close the file."""
        with self._reading:
            self._closed = True
            self._container.close()

    def _seek(self, from_s: float) -> float | None:
        """Seek to the last key frame at or before a time; return the first frame's time stamp.

        In files without an index the seek may end after the time: these are read from the start.
        """
        if from_s <= 0 or not self.can_seek or self._closed:
            return None
        origin_s = self._next_stamp_s()
        if origin_s is None:
            return None
        offset = round((origin_s + from_s) / float(self._stream.time_base or 1))
        try:
            self._container.seek(offset, stream=self._stream)
            reached_s = self._next_stamp_s()
            if reached_s is not None and reached_s <= origin_s + from_s:
                self._container.seek(offset, stream=self._stream)
                return origin_s
        except av.error.FFmpegError:
            log.debug("seeking is not possible in %s", self._path)
        self._reopen()
        return origin_s

    def _begin(self) -> int:
        """Begin a loop at the first frame; return its number."""
        with self._reading:
            self._loops += 1
            if self._loops > 1 and not self._closed:
                self._reopen()
                self._reached_s = self._pictures_reached_s = 0.0
                self._damaged, self.next_s = 0, None
            return self._loops

    def _reopen(self) -> None:
        self._container.close()
        self._container = open_video_file(self._path)
        self._stream = picture_stream(self._container, str(self._path))
        self._aspect = StoredAspect(self._stream)
        self._set_threads()

    def _shown_s(self, frame: VideoFrame) -> float:
        """Return the duration of a frame, at least the usual one: its own may be rounded down."""
        usual_s = 1 / self._stored_rate_hz
        if not (self._has_clock and frame.duration and frame.time_base):
            return usual_s
        return max(usual_s, float(frame.duration * frame.time_base))

    def _stamp_s(self, frame: VideoFrame) -> float | None:
        if not self._has_clock or frame.time_base is None:
            return None
        ticks = (
            frame.dts if self._container.format.name in _STAMPED_IN_DECODING_ORDER else frame.pts
        )
        return None if ticks is None else float(ticks * frame.time_base)

    def _set_threads(self) -> None:
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._decoder_threads

    def _next_stamp_s(self) -> float | None:
        """Return the time stamp of the next frame that can be decoded."""
        try:
            return next(map(self._stamp_s, self._container.decode(self._stream)), None)
        except av.error.FFmpegError:
            return None

    def _decode(self, packets: Iterator[Any], loop: int) -> list[VideoFrame] | None:
        """Return the frames that the next packet completes; None at the end."""
        with self._reading:  # the container must not be closed during a read in another thread
            if self._closed:
                return None
            if loop != self._loops:
                raise SourceError(
                    f"{self._path} is read by another loop, which started again at its beginning; "
                    "open it once for each loop"
                )
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):
                # an error of the container ends the reading; `_check_end` evaluates the rest
                return None
            self._note(packet)
            if packet.stream is not self._stream:
                return []
            if packet.is_corrupt and not self._is_broadcast:  # truncated; a JPEG would be half gray
                self._damaged += 1
                return []
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._damaged += 1
                return []
        whole = [frame for frame in frames if not frame.is_corrupt]
        self._damaged += len(frames) - len(whole)
        return whole

    def _note(self, packet: Any) -> None:
        """Note the last time in the file, including audio, which may be longer than the video."""
        if packet.pts is not None:
            end_s = (packet.pts + (packet.duration or 0)) * float(packet.time_base)
            self._reached_s = max(self._reached_s, end_s)
            if packet.stream is self._stream:
                self._pictures_reached_s = max(self._pictures_reached_s, end_s)

    def _check_end(self, count: int) -> None:
        if count == 0 and self._span.from_s <= 0:  # a span after the end is empty
            raise SourceError(
                f"{self._path} has no frame that can be decoded: it is truncated, damaged or "
                "encrypted; copy it again, or convert it (ffmpeg -i IN OUT.mp4)"
            )
        start_s = (self._container.start_time or 0) / av.time_base
        declared_s, read_s = self._declared_s(), max(0.0, self._reached_s - start_s)
        if declared_s is not None and read_s < _LEAST_SHARE * (declared_s - start_s):
            raise SourceError(
                f"{self._path} is truncated: it declares {declared_s - start_s:.1f} s and ends "
                f"after {read_s:.1f} s ({count} frames); copy it again"
            )
        if declared_s is not None and self._container.format.name == "avi":
            # an .avi has no time stamps: FFmpeg counts its frames, also over a gap
            missing = (declared_s - self._pictures_reached_s) * self._stored_rate_hz
            if missing > _MISSING_FRAMES:
                log.warning(
                    "%s is damaged: about %.0f frames are missing, and times after them are too "
                    "early",
                    self._path,
                    missing,
                )

    def _declared_s(self) -> float | None:
        """Return the end of the file according to its header, by the clock of its packets."""
        name = self._container.format.name
        if (
            name == "avi"
        ):  # FFmpeg shortens the duration of a truncated file, but not its frame count
            frames, rate = self._stream.frames, self._stream.average_rate
            return frames / float(rate) if frames and rate else None
        if self._container.duration is None or not name.startswith(_DECLARE_THEIR_LENGTH):
            return None
        # FFmpeg's duration of these is their end, also if they start later than zero; a fragmented
        # MP4 does not declare its number of frames
        is_fragmented = name.startswith("mov") and not self._stream.frames
        is_end = is_fragmented or name.startswith(("matroska", "asf"))
        start = 0 if is_end else self._container.start_time or 0
        return float((start + self._container.duration) / av.time_base)


def _next_due_s(time_s: float, every_s: float) -> float:
    """Return the next multiple of a step, slightly earlier."""
    if not every_s:
        return 0.0
    return (math.floor(time_s / every_s + _EARLY) + 1 - _EARLY) * every_s


def _first_due_s(from_s: float, every_s: float) -> float:
    """Return the first multiple of a step in a span, as when the whole video is read."""
    return 0.0 if from_s <= 0 else _next_due_s(from_s - 2 * _EARLY * every_s, every_s)
