"""The part of a run's configuration that selects the source of frames."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fer_edge import plugins
from fer_edge.cli.needs import Needs, reaching_address
from fer_edge.cli.option_fields import check_ranges, is_path, option
from fer_edge.errors import ConfigError
from fer_edge.shown import without_password

from .stream_url import is_address

if TYPE_CHECKING:
    from .frame import Source

INPUT_VARIABLE = "FER_EDGE_INPUT"
"""Environment variable for an address with a password, used if no source is configured."""
OPTION_VARIABLE = "FER_EDGE_STREAM_OPTION_"
"""Prefix of the environment variables for stream options with a password or a key."""

_SECRET_OPTION = re.compile(
    r"\w*(auth|cookie|credential|header|key|pass|proxy|pwd|secret|session|signature|token"
    r"|post_data|rtmp_conn|rtmp_playpath|rtmp_subscribe|rtmp_tcurl|streamid|user(?!_agent))\w*",
    re.ASCII | re.IGNORECASE,
)
"""Options whose value may be a password: RTMP's key of a stream, for example, is its playpath."""

PixelFormatName = Literal["bgr24", "rgb24", "bgra", "gray", "yuyv422", "yuv420p", "nv12"]
"""The keys of `raw_frames.PIXEL_FORMATS`, without loading OpenCV."""

_LARGEST_SIDE_PX = 16384  # frame.MOST_SIDE_PX, without loading NumPy

_PIPE_EXAMPLE = "fer-edge run --input - --size 640x480 --pixel-format yuv420p --fps 15"


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """The source of frames."""

    input: str | None = option(
        "--input",
        metavar="PLACE",
        is_place=is_path,
        help="A picture, a folder of pictures, a quoted pattern such as 'photos/*.jpg', a video "
        "file, a stream (rtsp://, rtsps://, http://, https://, rtmp://, rtmps://, udp://, rtp://, "
        "tcp://), NAME://... of a package that adds sources, or - for raw frames on standard "
        "input.",
    )
    camera: int | str | None = option(
        "--camera",
        metavar="N|PATH|NAME",
        help="Camera number, 0 for the first (/dev/video0); a path such as "
        "/dev/v4l/by-id/usb-..., which names the same camera after every boot; picamera2 "
        "for the camera on a Raspberry Pi's CSI port; or a name that another package adds. "
        "Frames that arrive while one is processed are dropped.",
    )
    size: str | None = option(
        "--size",
        metavar="WxH",
        help="Width and height in pixels, for example 640x480: requested from a camera, or the "
        "size of raw frames.",
    )
    fps: float | None = option(
        "--fps",
        at_least=0,
        at_most=1000,
        is_above=True,
        metavar="HZ",
        help="Frames per second: requested from a camera (default: the camera's choice), the "
        "clock of raw frames (default: 30), or that of raw .h264, .h265 and .mjpeg files, "
        "which have none (default: what their stream declares, else 25).",
    )
    pixel_aspect: str | None = option(
        "--pixel-aspect",
        metavar="W:H",
        help="Pixel aspect ratio (width to height), for a video or stream that declares none or "
        "a wrong one: 16:15 PAL, 64:45 wide PAL, 8:9 NTSC, 32:27 wide NTSC.",
    )
    sample_every_s: float = option(
        "--sample-every",
        default=0.0,
        at_least=0,
        at_most=86400,
        metavar="SECONDS",
        help="Interval in seconds between the frames of a video file that are processed, for "
        "example 1 for an overview of a long video. Default: every frame.",
    )
    stream_options: tuple[str, ...] = option(
        "--stream-option",
        default=(),
        metavar="KEY=VALUE",
        help="Option for a stream, of FFmpeg or of the package that adds the source, for example "
        "rtsp_transport=udp (default: tcp). May be repeated.",
    )
    limit_pixels: int | None = option(
        "--limit-pixels",
        at_least=1,
        metavar="N",
        help="Largest picture in pixels; larger ones are refused before decoding. Default: 120 "
        "million, about 1 GB of memory.",
    )
    pixel_format: PixelFormatName | None = option(
        "--pixel-format",
        metavar="FORMAT",
        help="Pixel format of raw frames: bgr24, rgb24, bgra, gray, yuyv422, yuv420p or nv12, "
        "rows without padding.",
    )
    on_loss: Literal["exit", "wait"] | None = option(
        "--on-loss",
        help="What to do when a camera or stream is lost: exit with an error, or wait and "
        "reopen it. Default: exit until the first frame, then wait.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "source")
        _check_values(self)
        if isinstance(self.camera, str) and self.camera.isdecimal():  # as on the command line
            object.__setattr__(self, "camera", int(self.camera))
        if self.is_named:
            _check_together(self)

    @property
    def is_named(self) -> bool:
        """Whether a source is configured."""
        return self.input is not None or self.camera is not None

    @property
    def is_pipe(self) -> bool:
        """Whether frames come from standard input."""
        return self.input == "-"

    @property
    def is_stream(self) -> bool:
        """Whether frames come from a network address."""
        return self.input is not None and is_address(self.input)

    def check_complete(self) -> None:
        """Reject a source that needs further options.

        Raises:
            ConfigError: No source is given, or raw frames without size or pixel format.
        """
        if not self.is_named:
            raise ConfigError("pass either --input or --camera; try: fer-edge run --camera 0")
        if self.is_pipe and (self.size is None or self.pixel_format is None):
            raise ConfigError(f"raw frames need --size and --pixel-format; try: {_PIPE_EXAMPLE}")

    def completed(self, environment: Mapping[str, str]) -> "SourceConfig":
        """Return the source with the address and the stream options of the environment, if any."""
        address = environment.get(INPUT_VARIABLE)
        source = self if self.is_named or not address else replace(self, input=address)
        if not source.is_stream:
            return source
        given = {_option_variable(text) for text in source.stream_options}
        added = tuple(
            f"{name.removeprefix(OPTION_VARIABLE).lower()}={value}"
            for name, value in sorted(environment.items())
            if name.startswith(OPTION_VARIABLE) and name not in given
        )
        return replace(source, stream_options=source.stream_options + added)

    def needs(self) -> Needs:
        """Return the system resources that it needs."""
        if self.input is None:
            return Needs(camera=self.camera is not None)
        if "://" in self.input:
            return reaching_address(self.input)
        return Needs(reads=(_without_pattern(Path(self.input)),) if is_path(self.input) else ())

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return environment variables for an address and for options with a password or a key."""
        secrets = {
            _option_variable(text): text.partition("=")[2]
            for text in self.stream_options
            if _is_secret_option(text)
        }
        if self.input is not None and _is_secret(self.input):
            secrets[INPUT_VARIABLE] = self.input
        return secrets

    def without_secrets(self) -> "SourceConfig":
        """Return the source without an address and options that contain a password or a key."""
        options = tuple(text for text in self.stream_options if not _is_secret_option(text))
        is_secret = self.input is not None and _is_secret(self.input)
        return replace(self, input=None if is_secret else self.input, stream_options=options)


def open_chosen_source(source: SourceConfig) -> "Source":
    """Open a source.

    Raises:
        ConfigError: There is none, it is incomplete, or it does not use one of the options.
        SourceError: It cannot be opened.
        MissingExtraError: picamera2 is not installed.
        PluginError: Another package's source cannot be used.
    """
    from fer_edge.limits import PICTURE_PX

    from .frame import SourceSettings
    from .opening import open_address, open_camera, open_source
    from .pixel_aspect import parse_pixel_aspect

    source.check_complete()
    if source.is_pipe:
        return _open_pipe(source)
    size = None if source.size is None else _parse_size(source.size)
    if source.camera is not None:
        return open_camera(
            source.camera, size=size, frame_rate_hz=source.fps, on_loss=source.on_loss
        )
    text = source.pixel_aspect
    pixel_aspect = None if text is None else parse_pixel_aspect(text)
    if source.is_stream:
        options = dict(_pair(text) for text in source.stream_options)
        settings = SourceSettings(size, source.fps, source.on_loss, pixel_aspect, options)
        return open_address(str(source.input), settings)
    return open_source(
        str(source.input),
        frame_rate_hz=source.fps,
        pixel_aspect=pixel_aspect,
        sample_every_s=source.sample_every_s,
        limit_px=source.limit_pixels or PICTURE_PX,
    )


def _open_pipe(source: SourceConfig) -> "Source":
    from .raw_frames import DEFAULT_RATE_HZ, RawFrames

    return RawFrames(
        sys.stdin.buffer,
        size=_parse_size(str(source.size)),
        pixel_format=str(source.pixel_format),
        rate_hz=source.fps or DEFAULT_RATE_HZ,
    )


def _check_values(source: SourceConfig) -> None:
    """Reject values of the wrong form."""
    if source.size is not None:
        _parse_size(source.size)
    if source.pixel_aspect is not None:
        from .pixel_aspect import parse_pixel_aspect

        try:
            parse_pixel_aspect(source.pixel_aspect)
        except ValueError as error:
            raise ConfigError(f"--pixel-aspect: {error}") from error
    for text in source.stream_options:
        _pair(text)
    camera = source.camera
    if camera is None or re.fullmatch(r"\d{1,4}|/dev/.*", str(camera), re.ASCII):
        return
    if not plugins.is_name(plugins.SOURCES, str(camera)):
        raise ConfigError(
            f"--camera: '{camera}' is not a camera; expected 0, 1, ..., a path such as "
            "/dev/v4l/by-id/usb-...-index0, picamera2, or a name that another package adds "
            f"({', '.join(plugins.foreign_names(plugins.SOURCES)) or 'none is installed'})"
        )


def _check_together(source: SourceConfig) -> None:
    """Reject options that do not fit together."""
    is_camera, is_pipe, is_stream = source.camera is not None, source.is_pipe, source.is_stream
    if is_camera and source.input is not None:
        raise ConfigError("expected either --input or --camera, got both; one run reads one source")
    for is_wrong, words in (
        (
            source.pixel_format is not None and not is_pipe,
            "--pixel-format is for raw frames: use it with --input - only",
        ),
        (
            # an address is checked by its source when it is opened: `SourceSettings.check_used`
            source.size is not None and not (is_pipe or is_camera or is_stream),
            "--size is for --camera and --input -; files have their own",
        ),
        (
            source.sample_every_s > 0 and (is_stream or is_pipe or is_camera),
            "--sample-every is for --input of a video file",
        ),
        (
            bool(source.stream_options) and not is_stream,
            "--stream-option is for --input of a stream, such as rtsp://...",
        ),
        (
            source.pixel_aspect is not None and (is_camera or is_pipe),
            "--pixel-aspect is for --input of a video or stream",
        ),
        (
            source.on_loss is not None and not (is_camera or is_stream),
            "--on-loss is for --camera and streams; a file or pipe just ends",
        ),
    ):
        if is_wrong:
            raise ConfigError(words)


def _without_pattern(path: Path) -> Path:
    """Return a path, or for a pattern the folder that contains all its matches."""
    plain = list(takewhile(lambda part: not set(part) & {*"*?["}, path.parts))
    return Path(*plain)


def _parse_size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1 <= width <= _LARGEST_SIDE_PX and 1 <= height <= _LARGEST_SIDE_PX):
        raise ConfigError(
            f"--size: '{text}' is not a size; expected WIDTHxHEIGHT in pixels, for example 640x480"
        )
    return width, height


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError("--stream-option: expected KEY=VALUE, for example rtsp_transport=udp")
    return name, value


def _is_secret_option(text: str) -> bool:
    return _SECRET_OPTION.fullmatch(text.partition("=")[0]) is not None


def _option_variable(text: str) -> str:
    return OPTION_VARIABLE + text.partition("=")[0].upper()


def _is_secret(address: str) -> bool:
    return "://" in address and without_password(address) != address
