"""Opening of sources: pictures, videos, cameras, streams."""

import os
from collections.abc import Mapping
from fractions import Fraction
from operator import index
from pathlib import Path
from typing import SupportsIndex

from fer_edge import plugins
from fer_edge.errors import ConfigError, SourceError
from fer_edge.files import check_path
from fer_edge.limits import PICTURE_PX
from fer_edge.pictures.kinds import is_picture_file
from fer_edge.ranges import check_range
from fer_edge.shown import without_password

from .capture import CaptureFaultError
from .frame import OnLoss, Source, SourceSettings
from .own_source import SOURCE_ATTRIBUTES, SOURCE_METHODS, CheckedSource
from .pictures import Pictures, open_folder, open_pattern
from .stream_url import address_without_password, is_address, scheme_of

_WANTED = "a picture, a folder or a video file"


def open_source(
    place: str | Path,
    *,
    on_loss: OnLoss | None = None,
    frame_rate_hz: float | None = None,
    pixel_aspect: Fraction | None = None,
    stream_options: Mapping[str, str] | None = None,
    sample_every_s: float = 0.0,
    limit_px: int = PICTURE_PX,
) -> Source:
    """Open a picture, a folder of pictures, a glob pattern, a video file, or a stream.

    Args:
        place: A path; a pattern such as "photos/**/*.jpg"; or an address, such as rtsp:// or a
            scheme that another package registers in `fer_edge.sources`.
        on_loss: Behavior of a stream when it is interrupted, see `Live`.
        frame_rate_hz: Frame rate of a raw H.264, H.265 or Motion JPEG file; other files have a
            clock.
        pixel_aspect: Width of a pixel divided by its height, overriding the video.
        stream_options: Options of FFmpeg for a stream, such as {"rtsp_transport": "udp"}; RTSP uses
            TCP without it.
        sample_every_s: Interval in seconds between the frames of a video file; 0 reads all.
        limit_px: Largest number of pixels a picture may declare; larger ones are rejected, or
            skipped in a folder.

    Raises:
        SourceError: It is missing, empty, or none of these.
        PluginError: Another package's source cannot be used.
        ConfigError: An argument is out of range, of another kind, or not for this source.
    """
    settings = SourceSettings(None, frame_rate_hz, on_loss, pixel_aspect, stream_options or {})
    check_range("sample_every_s", sample_every_s, 0)
    check_range("limit_px", limit_px, 1, is_whole=True)
    if isinstance(place, str) and is_address(place):
        if sample_every_s:
            raise ConfigError("'sample_every_s' is for video files, not for streams; omit it")
        return open_address(place, settings)
    if on_loss or stream_options:
        raise ConfigError(
            f"'on_loss' and 'stream_options' are for streams, and {place} is a path; omit them"
        )
    path = _path_of(place)
    if path.exists() and not path.is_dir():
        _check_file(path)
        if not is_picture_file(path):
            from .video import Video

            return Video(
                path,
                frame_rate_hz=frame_rate_hz,
                pixel_aspect=pixel_aspect,
                every_s=sample_every_s,
            )
    if frame_rate_hz or pixel_aspect or sample_every_s:
        raise ConfigError(
            f"{place} is not a video; --fps, --pixel-aspect and --sample-every (in Python: "
            "frame_rate_hz, pixel_aspect, sample_every_s) are for videos"
        )
    return _open_pictures(place, limit_px)


def _path_of(place: str | Path) -> Path:
    if not isinstance(place, str | Path):
        raise ConfigError(f"expected a path or an address, got {type(place).__name__}")
    if not str(place):
        raise ConfigError(f"the name of the input is empty; expected {_WANTED}")
    if isinstance(place, Path) and (address := address_without_password(place)):
        raise ConfigError(f"expected an address as text, got a Path of {address}")
    path = Path(place)
    try:
        check_path(path)
        path.exists()  # raises for a name that is too long, or a folder that may not be searched
    except OSError as error:
        reason = f"{place} cannot be read: {error.strerror}"
        raise SourceError(f"{reason}; expected {_WANTED}") from error
    return path


def _open_pictures(place: str | Path, limit_px: int) -> Source:
    if Path(place).is_file():
        return Pictures([Path(place)], limit_px=limit_px)
    if Path(place).is_dir():
        return open_folder(Path(place), limit_px=limit_px)
    if "://" in str(place):
        return open_address(str(place), SourceSettings())  # its error lists the supported addresses
    return open_pattern(str(place), limit_px=limit_px)


def open_camera(
    which: SupportsIndex | str | Path,
    *,
    size: tuple[int, int] | None = None,
    frame_rate_hz: float | None = None,
    on_loss: OnLoss | None = None,
) -> Source:
    """Open a camera.

    Args:
        which: N of /dev/videoN; the path of a device, such as /dev/v4l/by-id/...; "picamera2" for
            the camera on a Raspberry Pi's CSI port; or the name of another package's camera.
        size: Width and height in pixels to request.
        frame_rate_hz: Frame rate to request.
        on_loss: Behavior when the camera is lost, see `Live`.

    Raises:
        SourceError: It cannot be opened.
        MissingExtraError: picamera2 is not installed.
        PluginError: The name of the camera is unknown, or another package's cannot be used.
        ConfigError: An argument is out of range or of another kind.
    """
    settings = SourceSettings(size, frame_rate_hz, on_loss)
    which = _camera(which)
    if isinstance(which, str) and not which.startswith("/"):
        return open_named_source(which, which, settings)
    from .camera import CameraCapture  # these imports are not needed for pictures
    from .live import Live

    return Live(CameraCapture(which, size=size, rate_hz=frame_rate_hz), on_loss=on_loss)


def _camera(given: SupportsIndex | str | Path) -> int | str:
    if isinstance(given, str | Path):
        return str(given)
    try:
        if isinstance(given, bool):  # is an integer for Python
            raise TypeError
        return int(index(given))  # NumPy's integers, too
    except TypeError as error:
        kind = type(given).__name__
        raise ConfigError(f"expected a camera's number, device or name, got {kind}") from error


def open_named_source(name: str, address: str, settings: SourceSettings) -> Source:
    """Open a source.

    Args:
        name: Registered name in `fer_edge.sources`: the address's scheme, or a camera's name.
        address: Complete address, or the camera's name.
        settings: Settings of the source.

    Raises:
        SourceError: It cannot be opened.
        MissingExtraError: A package for it is not installed.
        PluginError: The name is unknown, or another package's source cannot be used.
    """
    group = plugins.SOURCES
    source: Source = plugins.open_part(
        *(group, name, address, settings),
        members=SOURCE_METHODS,
        attributes=SOURCE_ATTRIBUTES,
        faults=(CaptureFaultError,),
    )
    if name in plugins.own_names(group):
        return source
    return CheckedSource(source, plugins.describe(group, name))


def open_address(address: str, settings: SourceSettings) -> Source:
    """Open a source by its address; see `open_named_source`.

    Raises:
        SourceError: The scheme is unknown, or it cannot be opened.
        MissingExtraError: A package for it is not installed.
        PluginError: Another package's source cannot be used.
    """
    if not is_address(address):
        schemes = (f"{name}://" for name in plugins.names(plugins.SOURCES) if name != "picamera2")
        raise SourceError(
            f"{without_password(address)} cannot be read; expected an address that starts "
            f"with {', '.join(schemes)}"
        )
    return open_named_source(scheme_of(address), address, settings)


def _check_file(path: Path) -> None:
    if path.is_char_device():
        raise SourceError(
            f"{path} is a device; for a camera pass --camera {path}, or in Python open_camera(path)"
        )
    if not path.is_file():
        raise SourceError(
            f"{path} is not a file; for raw frames from a pipe run: fer-edge run --input - "
            f"<{path}, with --size and --pixel-format"
        )
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path} cannot be read: permission denied")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty; expected {_WANTED}")
