"""An annotated video."""

import logging
import math
import shutil
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import OutputError
from fer_edge.files import cannot_write, whole_file

from ..drawing.annotation import annotate
from ..frame import Source
from ..opencv_path import opencv_path
from ..result import Result
from .line_file import leave
from .picture_file import fitted

_CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
# A run that was killed after 200 frames left 184 readable ones in an .mkv, 180 in an .avi and none
# in an .mp4, whose index comes last (OpenCV 4.14)
_SURVIVES_POWER_CUT = (".avi", ".mkv")
_LONGEST_STILL_S = 2.0
_FRAMES_PER_LOOK = 50
_LEAST_FREE_BYTES = 1 << 20
log = logging.getLogger(__name__)


class AnnotatedVideo:
    """An annotated video; its size is that of the first frame.

    The video of a file has exactly the file's frames and appears when it is whole. The video of a
    live source keeps the source's clock: a frame stands until the next one came, but never longer
    than 2 s, so that an hour without a camera is no hour of a still picture. An .avi or .mkv of a
    live source grows under its own name, since it can be read after a power cut; an older file
    of that name is kept, and the new one is called NAME-2.
    """

    def __init__(self, path: Path, source: Source) -> None:
        suffix = path.suffix.lower()
        if suffix not in _CODECS:
            raise OutputError(f"{path}: a video is .mp4, .avi or .mkv; name one of these")
        opencv_path(path.absolute(), OutputError)
        self._codec = _CODECS[suffix]
        self._is_live = source.is_live
        rate_hz = source.frame_rate_hz if source.is_video else 1.0
        # a stream may claim 0 or 90000 frames a second
        self._rate_hz = rate_hz if 0.1 <= rate_hz <= 240 else 25.0
        self._files = ExitStack()
        self._in_place = source.is_live and suffix in _SURVIVES_POWER_CUT
        self._path = _free_name(path) if source.is_live else path
        self._growing = (
            _touch(self._path)
            if self._in_place
            else self._files.enter_context(whole_file(self._path))
        )
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._frames = 0
        self._start_s = 0.0

    def write(self, result: Result) -> None:
        """Add one frame; of a live source as often as its clock wants it."""
        copies = self._copies(result.frame.time_s)
        if not copies:
            return
        image = annotate(result.frame.image, result.readings)
        if self._writer is None:
            self._writer = self._open(image)
        image = fitted(image, self._size)
        with without_chatter():
            for _ in range(copies):
                self._writer.write(image)
                self._frames += 1
                if self._frames % _FRAMES_PER_LOOK == 0:
                    self._look_at_disk()

    def close(self, *, complete: bool) -> None:
        """Finish the file and move it to its name.

        Raises:
            OutputError: It could not be written whole.
        """
        if self._writer is None:
            if self._in_place:
                self._growing.unlink(missing_ok=True)
            leave(self._files, complete=False)
            return
        with without_chatter():
            self._writer.release()
        if not complete:
            leave(self._files, complete=False)
            return
        whole = self._is_whole()
        leave(self._files, complete=whole)
        if not whole:
            raise OutputError(
                f"{self._path} could not be written whole; is the disk full, or its folder gone?"
            )

    def _copies(self, time_s: float) -> int:
        if not self._is_live:
            return 1
        if self._frames == 0:
            self._start_s = time_s
        copies = math.floor((time_s - self._start_s) * self._rate_hz + 0.5) + 1 - self._frames
        if copies < 0 or copies > max(1.0, _LONGEST_STILL_S * self._rate_hz):
            self._start_s = time_s - self._frames / self._rate_hz  # the clock has leapt
            return 1
        return copies

    def _open(self, image: NDArray[np.uint8]) -> cv2.VideoWriter:
        self._size = (image.shape[1], image.shape[0])
        code = cv2.VideoWriter.fourcc(*self._codec)
        with without_chatter():
            writer = cv2.VideoWriter(str(self._growing), code, self._rate_hz, self._size)
        if not writer.isOpened():
            self._look_at_disk()
            raise OutputError(
                f"{self._path}: this OpenCV writes no video of {self._size[0]}x{self._size[1]} "
                "pixels there; try .avi, or --annotate for pictures"
            )
        return writer

    def _look_at_disk(self) -> None:
        """End in time: OpenCV's writer is silent about a full disk."""
        try:
            free = shutil.disk_usage(self._growing.parent).free
        except OSError as error:
            raise cannot_write(self._path, error) from error
        if free < _LEAST_FREE_BYTES:
            raise OutputError(
                f"cannot write {self._path}: the disk is full after {self._frames} frames; "
                "make room there"
            )

    def _is_whole(self) -> bool:
        """Look into the file: OpenCV's writer is silent about a full disk."""
        with without_chatter():
            written = cv2.VideoCapture(str(self._growing))
            # an .avi cut short says so in its count, an .mkv only when a late frame is wanted
            count = written.get(cv2.CAP_PROP_FRAME_COUNT)
            written.set(cv2.CAP_PROP_POS_FRAMES, int(0.9 * (self._frames - 1)))
            whole = written.grab() and count >= 0.9 * self._frames
            written.release()
        return bool(whole)


def _free_name(path: Path) -> Path:
    """Return the path, or NAME-2, NAME-3, ... where it is taken: a live run replaces nothing."""
    free, number = path, 2
    while free.exists():
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    if free != path:
        log.warning("%s exists already; this run writes %s", path, free)
    return free


def _touch(path: Path) -> Path:
    """Make an empty file, to know now and not after the first frame whether that is allowed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path
