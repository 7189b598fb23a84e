"""A video that stands for measurement: read through once, so that it can be trusted."""

from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import SourceError

from ...capture.opening import open_source


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file that can be read to its end.

    Attributes:
        path: The file, as it was named.
        frames: Frames that could be decoded.
        width_px: Of the first frame.
        height_px: Of the first frame.
        frame_rate_hz: The file's own.
    """

    path: Path
    frames: int
    width_px: int
    height_px: int
    frame_rate_hz: float


def read_clip(path: Path) -> Clip:
    """Decode a video from its first frame to its last.

    What is refused is refused here, before minutes of measuring, and the file is in the page cache
    afterwards, for the first model as for the last.

    Raises:
        SourceError: It is missing, no video, cut short, or has no frame.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist; name a video file, as --video clip.mp4")
    source = open_source(path)
    try:
        if not source.is_video:
            raise SourceError(
                f"{path} holds pictures, expected a video; a whole frame's cost is measured on a "
                "moving picture, whose faces are followed: name a video file"
            )
        frames, height, width = 0, 0, 0
        for frame in source:
            if not frames:
                height, width = frame.shape[:2]
            frames += 1
        return Clip(path, frames, width, height, source.frame_rate_hz)
    finally:
        source.close()
