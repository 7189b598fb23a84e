"""The options of `fer-edge run` that choose where frames come from."""

import re
import sys
from fractions import Fraction
from typing import Any

import click

from ..frame import Source
from ..options import NumberRange
from .pixel_aspect import parse_pixel_aspect

_LARGEST_SIDE_PX = 16384

_PIPE_EXAMPLE = "fer-edge run --input - --size 640x480 --pixel-format yuv420p --fps 15"


def _size(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", value)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1 <= width <= _LARGEST_SIDE_PX and 1 <= height <= _LARGEST_SIDE_PX):
        raise click.BadParameter(f"{value!r} is no size in pixels; wanted WxH, as 640x480")
    return width, height


def _camera(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | str | None:
    if value is None or value == "picamera2" or value.startswith("/dev/"):
        return value
    if not re.fullmatch(r"\d{1,4}", value):
        raise click.BadParameter(
            f"{value!r} is not a camera; expected 0, 1, ..., a path such as "
            "/dev/v4l/by-id/usb-...-index0, or picamera2"
        )
    return int(value)


def _pixel_aspect(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Fraction | None:
    try:
        return None if value is None else parse_pixel_aspect(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _stream_options(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise click.BadParameter("expected KEY=VALUE, for example rtsp_transport=udp")
    return {name: value for name, _, value in pairs}


SOURCE_OPTIONS = (
    click.Option(
        ["--input", "path"],
        metavar="PLACE",
        help="A picture, a folder of pictures, a quoted pattern as 'photos/*.jpg', a video file, "
        "a stream (rtsp://, http://, rtmp://, udp://, tcp://), or - for raw frames on standard "
        "input.",
    ),
    click.Option(
        ["--camera"],
        callback=_camera,
        metavar="N|PATH|picamera2",
        help="Camera number, 0 the first (/dev/video0); a path such as /dev/v4l/by-id/usb-..., "
        "which stays the same camera at every boot; or picamera2 for the one on a Raspberry Pi's "
        "CSI port. Frames that come while one is read are dropped.",
    ),
    click.Option(
        ["--size"],
        callback=_size,
        metavar="WxH",
        help="Width and height in pixels, as 640x480: what a camera is asked for, or what raw "
        "frames have.",
    ),
    click.Option(
        ["--fps", "rate_hz"],
        type=NumberRange(0, 1000, min_open=True),
        metavar="HZ",
        help="Frames per second: what a camera is asked for (default: as it likes), the clock "
        "of raw frames (default: 30), or of raw .h264, .h265 and .mjpeg files, which have none "
        "(default: what their stream declares, else 25).",
    ),
    click.Option(
        ["--pixel-aspect"],
        callback=_pixel_aspect,
        metavar="W:H",
        help="Width of a pixel over its height, where a video or stream does not declare it or "
        "declares a wrong one: 16:15 PAL, 64:45 wide PAL, 8:9 NTSC, 32:27 wide NTSC.",
    ),
    click.Option(
        ["--sample-every", "sample_every_s"],
        type=NumberRange(0, 86400),
        default=0.0,
        metavar="SECONDS",
        help="Read one frame of a video file in so many seconds: 1 for an overview of a long one. "
        "Default: every frame.",
    ),
    click.Option(
        ["--stream-option", "stream_options"],
        callback=_stream_options,
        multiple=True,
        metavar="KEY=VALUE",
        help="An option of FFmpeg's for a stream, as rtsp_transport=udp (default: tcp). May be "
        "repeated.",
    ),
    click.Option(
        ["--limit-pixels", "limit_px"],
        type=click.IntRange(1),
        metavar="N",
        help="Refuse pictures of more pixels before they are decoded. Default: 120 million, about "
        "1 GB of memory.",
    ),
    click.Option(
        ["--pixel-format"],
        metavar="FORMAT",
        help="Of raw frames: bgr24, rgb24, bgra, gray, yuyv422, yuv420p or nv12, rows without "
        "padding.",
    ),
    click.Option(
        ["--on-loss"],
        type=click.Choice(["exit", "wait"]),
        help="When a camera or stream goes away: end with an error, or wait and open it again. "
        "Default: exit until its first frame, wait from then on.",
    ),
)


def open_chosen_source(options: dict[str, Any]) -> Source:
    """Open what the options name.

    Raises:
        click.UsageError: They name nothing, or two things, or do not go together.
        SourceError: It cannot be opened.
        MissingExtraError: picamera2 is not installed.
    """
    path, camera = options["path"], options["camera"]
    size, rate_hz, on_loss = options["size"], options["rate_hz"], options["on_loss"]
    if (path is None) == (camera is None):
        raise click.UsageError("pass either --input or --camera; try: fer-edge run --camera 0")
    is_pipe = path == "-"
    if options["pixel_format"] is not None and not is_pipe:
        raise click.UsageError("--pixel-format is for raw frames; it goes with --input - only")
    if path is not None and not is_pipe and size is not None:
        raise click.UsageError(
            "--size goes with --camera or --input -; files and streams have their own"
        )

    from fer_edge.pictures import LIMIT_PX

    from .opening import open_camera, open_source
    from .stream_url import is_address

    is_stream = path is not None and is_address(path)
    if is_stream and rate_hz is not None:
        raise click.UsageError("--fps goes with cameras and raw files; a stream has its own clock")
    if options["sample_every_s"] and (is_stream or is_pipe or camera is not None):
        raise click.UsageError("--sample-every goes with --input of a video file")
    if options["stream_options"] and not is_stream:
        raise click.UsageError("--stream-option goes with --input of a stream, as rtsp://...")
    if options["pixel_aspect"] is not None and (camera is not None or is_pipe):
        raise click.UsageError("--pixel-aspect goes with --input of a video or stream")
    if on_loss is not None and path is not None and not is_stream:
        raise click.UsageError("--on-loss goes with --camera and streams; a file or pipe just ends")
    if is_pipe:
        return _open_pipe(size, options["pixel_format"], rate_hz)
    if path is not None:
        return open_source(
            path,
            on_loss=on_loss,
            frame_rate_hz=rate_hz,
            pixel_aspect=options["pixel_aspect"],
            stream_options=options["stream_options"],
            sample_every_s=options["sample_every_s"],
            limit_px=options["limit_px"] or LIMIT_PX,
        )
    return open_camera(camera, size=size, rate_hz=rate_hz, on_loss=on_loss)


def _open_pipe(
    size: tuple[int, int] | None, pixel_format: str | None, rate_hz: float | None
) -> Source:
    from .raw_frames import DEFAULT_RATE_HZ, PIXEL_FORMATS, RawFrames

    if size is None or pixel_format is None:
        raise click.UsageError(f"raw frames need --size and --pixel-format; try: {_PIPE_EXAMPLE}")
    if pixel_format not in PIXEL_FORMATS:
        raise click.UsageError(
            f"--pixel-format {pixel_format} is unknown; wanted one of {', '.join(PIXEL_FORMATS)}"
        )
    return RawFrames(
        sys.stdin.buffer,
        size=size,
        pixel_format=pixel_format,
        rate_hz=rate_hz or DEFAULT_RATE_HZ,
    )
