"""A video to measure on, decoded once to check it."""

from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import SourceError

from ...capture.opening import open_source


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file that can be decoded to its end.

    Attributes:
        path: Path as given.
        frames: Number of decodable frames.
        width_px: Width of the first frame.
        height_px: Height of the first frame.
        frame_rate_hz: Frame rate of the file.
    """

    path: Path
    frames: int
    width_px: int
    height_px: int
    frame_rate_hz: float


def read_clip(path: Path) -> Clip:
    """Decode a video from its first frame to its last.

    Unusable files are rejected here, before minutes of measuring. Afterwards the file is in the
    page cache, for the first model as for the last.

    Raises:
        SourceError: It is missing, not a video, truncated, or empty.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist; expected a video file, for example clip.mp4")
    source = open_source(path)
    try:
        if not source.is_video:
            raise SourceError(
                f"{path} contains pictures, expected a video file: the cost of a whole frame is "
                "measured on a moving picture, where faces are tracked"
            )
        frames, height, width = 0, 0, 0
        for frame in source:
            if not frames:
                height, width = frame.shape[:2]
            frames += 1
        return Clip(path, frames, width, height, source.frame_rate_hz)
    finally:
        source.close()
