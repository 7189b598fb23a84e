"""Video files and streams, opened by FFmpeg through PyAV.

PyAV is the only reader and writer of videos. Unlike OpenCV's VideoCapture it reports time stamps,
pixel aspect ratio, rotation, interlacing and damage, and has its own timeouts; OpenCV 4.13 and 4.14
return uninitialized memory for interlaced video.
"""

import errno
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ..errors import SourceError
from ..limits import FRAME_PX

_REASONS = {
    av.error.ExitError: "no answer within the time limit",
    av.error.InvalidDataError: "invalid data",
    av.error.ProtocolNotFoundError: "the installed PyAV does not support this protocol",
    av.error.HTTPUnauthorizedError: "user or password rejected",
    av.error.HTTPForbiddenError: "access forbidden",
    av.error.HTTPNotFoundError: "not found",
}
_NOT_FILES = frozenset(
    {"hls", "dash", "concat", "sdp", "rtsp", "rtp", "sap", "imf", "lavfi", "image2", "tty"}
)
"""Formats that refer to other files and addresses; tty makes a video of any text."""


def open_video_file(path: Path) -> InputContainer:
    """Open a video file; formats and protocols that refer to other places are refused.

    Raises:
        SourceError: FFmpeg cannot read it as a video.
    """
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(_file_formats())}
    try:
        # the absolute name: FFmpeg interprets text before a colon as a protocol (12:30.mp4)
        return open_container(str(path.absolute()), options=options)
    except av.error.ArgumentError as error:
        raise _no_video(path, "a playlist, or text") from error
    except av.error.FFmpegError as error:
        raise _no_video(path, reason(error)) from error


def open_container(
    place: str, *, options: Mapping[str, str], timeout_s: tuple[float, float] | None = None
) -> InputContainer:
    """Open a file or an address for reading.

    Args:
        place: An absolute path or an address. FFmpeg interprets text before a colon as a protocol.
        options: Options of FFmpeg by name.
        timeout_s: Timeout in seconds for opening and for each packet; None waits.

    Raises:
        av.error.FFmpegError: It cannot be opened. The error text contains the address with its
            password: show `reason` instead.
    """
    # FFmpeg already decodes frames of every stream here, so the limit must be known to it
    limits = {"max_pixels": str(FRAME_PX)}
    # metadata in another encoding must not end the run
    return av.open(
        place, "r", options={**options, **limits}, timeout=timeout_s, metadata_errors="replace"
    )


def picture_stream(container: InputContainer, name: str) -> VideoStream:
    """Return the video stream to decode: the default one, else the largest.

    Decoding a damaged frame of Motion JPEG raises an error.

    Args:
        container: An open container.
        name: Name in messages.

    Raises:
        SourceError: It has none, or FFmpeg cannot decode it.
    """
    attached = av.stream.Disposition.attached_pic  # cover art of an audio file
    streams = [s for s in container.streams.video if not s.disposition & attached]
    if not streams:
        cover = ["a cover picture"] if container.streams.video else []
        kinds = [*sorted({stream.type for stream in container.streams} - {"video"}), *cover]
        raise SourceError(
            f"{name} has no video stream; expected a video, got {', '.join(kinds) or 'nothing'}"
        )
    default = av.stream.Disposition.default
    stream = max(streams, key=lambda s: (bool(s.disposition & default), *_size(s)))
    if _size(stream) == (0,):
        raise SourceError(
            f"{name}: FFmpeg cannot decode its video, or the file is damaged; convert it (ffmpeg "
            "-i IN OUT.mp4)"
        )
    # by default a JPEG cut short is a frame that is gray below the cut
    strict = {"err_detect": "explode"} if stream.codec_context.name == "mjpeg" else {}
    stream.codec_context.options = {"max_pixels": str(FRAME_PX), **strict}
    return stream


def reason(error: Exception) -> str:
    """Return FFmpeg's reason without the address, which may contain a password."""
    for kind, text in _REASONS.items():
        if isinstance(error, kind):
            return text
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number in errno.errorcode:
        return os.strerror(number).lower()
    return str(getattr(error, "strerror", "") or type(error).__name__).lower()


@lru_cache(maxsize=1)
def _file_formats() -> tuple[str, ...]:
    return tuple(sorted(av.formats_available - _NOT_FILES))


def _no_video(path: Path, why: str) -> SourceError:
    return SourceError(
        f"{path} is neither a picture nor a video that FFmpeg can read ({why}); check that "
        "the file is complete, or convert it (ffmpeg -i IN OUT.mp4)"
    )


def _size(stream: VideoStream) -> tuple[Any, ...]:
    # a stream without a decoder has no codec context
    context: Any = stream.codec_context
    return (0,) if context is None else (1, stream.width * stream.height)
