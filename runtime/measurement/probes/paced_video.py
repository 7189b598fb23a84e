"""A video that plays like a camera: at its own rate, without waiting for the reader."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

from ...capture.frame import Frame
from ...capture.video import Video


class VideoOverError(SourceError):
    """Raised at the end of the video, which is a loss for a `Live` source."""


class PacedVideo:
    """A `Capture` for `Live` from a video; each frame is decoded before it is due."""

    def __init__(self, path: Path, rate_hz: float, max_frames: int) -> None:
        """Store the path of a video, the number of frames, and their rate."""
        self.name = str(path)
        self._path, self._rate_hz, self._max_frames = path, rate_hz, max_frames
        self._video: Video | None = None
        self._frames: Iterator[Frame] = iter(())
        self._count = 0
        self._started_s = 0.0

    def open(self) -> float:
        """Open it and start the clock."""
        self._video = Video(self._path)
        self._frames = iter(self._video)
        self._count, self._started_s = 0, time.monotonic()
        return self._rate_hz

    def read(self) -> NDArray[np.uint8]:
        """Wait until the next frame is due.

        Raises:
            VideoOverError: The video has ended.
        """
        frame = next(self._frames, None) if self._count < self._max_frames else None
        if frame is None:
            raise VideoOverError(f"{self._path} has ended")
        due_s = self._started_s + self._count / self._rate_hz
        time.sleep(max(0.0, due_s - time.monotonic()))
        self._count += 1
        return frame.image

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.close()

    def interrupt(self) -> None:
        """Do nothing: reading a file does not block."""
