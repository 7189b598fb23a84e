"""The options of `fer-edge run` that choose where frames come from."""

import re
import sys
from typing import Any

import click

from .frame import Source
from .number_range import NumberRange

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
    if value is None or value == "picamera2":
        return value
    if not re.fullmatch(r"\d{1,4}", value):
        raise click.BadParameter(f"{value!r} is no camera; wanted 0, 1, ... or picamera2")
    return int(value)


def source_options(command: Any) -> Any:
    """Add the options."""
    for option in (
        click.option(
            "--on-loss",
            type=click.Choice(["exit", "wait"]),
            help="When a camera or stream goes away: end with an error, or wait and open it again. "
            "Default: exit until its first frame, wait from then on. A service that may start "
            "before its camera does takes wait.",
        ),
        click.option(
            "--pixel-format",
            metavar="FORMAT",
            help="Of raw frames on standard input: bgr24, rgb24, bgra, gray, yuyv422, yuv420p or "
            "nv12, rows without padding.",
        ),
        click.option(
            "--fps",
            type=NumberRange(0, 1000, min_open=True),
            help="Frames per second: what a camera is asked for (default: as it likes), or the "
            "clock of raw frames (default: 30).",
        ),
        click.option(
            "--size",
            callback=_size,
            metavar="WxH",
            help="Width and height in pixels, as 640x480: what a camera is asked for, or what raw "
            "frames have.",
        ),
        click.option(
            "--camera",
            callback=_camera,
            metavar="N|picamera2",
            help="Camera number, 0 the first (/dev/video0), or picamera2 for the one on a "
            "Raspberry Pi's CSI port. Frames that come while one is read are dropped.",
        ),
        click.option(
            "--input",
            "path",
            metavar="PLACE",
            help="A picture, a folder of pictures, a quoted pattern as 'photos/*.jpg', a video "
            "file, a stream (rtsp://, http://), or - for raw frames on standard input.",
        ),
    ):
        command = option(command)
    return command


def open_chosen_source(options: dict[str, Any]) -> Source:
    """Open what the options name.

    Raises:
        click.UsageError: They name nothing, or two things, or do not go together.
        SourceError: It cannot be opened.
        MissingExtraError: picamera2 is not installed.
    """
    path, camera = options["path"], options["camera"]
    size, rate_hz, on_loss = options["size"], options["fps"], options["on_loss"]
    if (path is None) == (camera is None):
        raise click.UsageError("pass either --input or --camera; try: fer-edge run --camera 0")
    is_pipe = path == "-"
    if options["pixel_format"] is not None and not is_pipe:
        raise click.UsageError("--pixel-format is for raw frames; it goes with --input - only")
    if path is not None and not is_pipe and (size is not None or rate_hz is not None):
        raise click.UsageError(
            "--size and --fps go with --camera or --input -; files and streams have their own"
        )

    from .sources import open_camera, open_source
    from .stream import is_address

    if on_loss is not None and path is not None and not is_address(path):
        raise click.UsageError("--on-loss goes with --camera and streams; a file or pipe just ends")
    if is_pipe:
        return _open_pipe(size, options["pixel_format"], rate_hz)
    if path is not None:
        return open_source(path, on_loss=on_loss)
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
