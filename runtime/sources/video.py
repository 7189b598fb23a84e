"""A video file, every frame in order."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2

from fer_edge.chatter import quiet_opencv, without_chatter
from fer_edge.errors import SourceError

from ..frame import Frame
from ..opencv_path import opencv_path
from .pixels import as_bgr

log = logging.getLogger(__name__)

# A frame that cannot be decoded looks like the end of the file; after it there may be good ones.
_MOST_DAMAGED_FRAMES = 50


class Video:
    """A video file or an animated GIF, every frame in order, once."""

    is_video = True
    is_live = False
    dropped = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.RLock()
        self._closed = False
        quiet_opencv()
        # the absolute name: FFmpeg takes what stands before a colon for a protocol (12:30.mp4)
        name = opencv_path(path.absolute(), SourceError)
        with without_chatter():
            self._capture = cv2.VideoCapture(name)
        # FFmpeg's "ansi" codec makes a film of any file whose name ends in .txt
        is_text = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"ansi")
        if is_text or not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"{path} is neither a picture nor a video that OpenCV can open; "
                "check that the file is whole, or convert it (ffmpeg -i IN OUT.mp4)"
            )
        self.frame_rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS)) or 25.0
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.length: int | None = count if count > 0 else None

    def __iter__(self) -> Iterator[Frame]:
        index, time_s, failed, passed_over = 0, 0.0, 0, 0
        while failed <= _MOST_DAMAGED_FRAMES:
            # OpenCV crashes where a capture is released while another thread reads it
            with self._reading:
                if self._closed:
                    return
                with without_chatter():
                    found, image = self._capture.read()
                clock_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if not found:
                failed += 1
                continue
            passed_over, failed = passed_over + failed, 0
            # not every container knows the time of a frame
            time_s = clock_s if clock_s > 0 else index / self.frame_rate_hz
            yield Frame(as_bgr(image), index, time_s, str(self._path))
            index += 1
        if passed_over:
            log.warning("%s: %d damaged frames were passed over", self._path, passed_over)
        if index == 0:
            raise SourceError(
                f"{self._path} has no frame that can be decoded: it is cut short, or this OpenCV "
                "lacks its codec; convert it (ffmpeg -i IN OUT.mp4)"
            )
        # Where a container does not store its frame count, OpenCV takes duration times rate, which
        # is too high for a varying rate: the clock counts as well. A tenth missing is no rounding.
        reached = max(index, time_s * self.frame_rate_hz)
        if self.length is not None and reached < 0.9 * self.length:
            raise SourceError(
                f"{self._path} is cut short: {index} of {self.length} frames could be decoded; "
                "copy it again"
            )

    def close(self) -> None:
        """Close the file."""
        with self._reading:
            self._closed = True
            self._capture.release()
