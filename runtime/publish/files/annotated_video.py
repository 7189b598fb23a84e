"""An annotated video."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, OutputError
from fer_edge.files import cannot_write, leave, whole_file

from ...capture.frame import Source
from ...drawing.annotation import annotate
from ...recognition.result import Result
from ..own_context import OwnContext
from .disk_sync import DiskSync
from .new_file import new_file, reserve
from .picture_file import fitted
from .video_encoder import ENCODINGS, VideoEncoder

# the index of an .mp4 is written last
_SURVIVES_POWER_CUT = (".avi", ".mkv")
_LONGEST_STILL_S = 2.0
_PICTURE_S = 1.0


class AnnotatedVideo:
    """An annotated video; its size is that of the first frame.

    Each frame is shown at its time in the source, also at a varying rate; pictures of a folder take
    one second each. The video of a file has exactly the frames of the file and appears when it is
    complete. In the video of a live source no frame is shown for more than 2 s, so that an hour
    without a camera is not an hour of a still picture. An .avi or .mkv of a live source grows under
    its final name and is flushed to the disk every few seconds, since it can be read after a power
    cut; an existing file of that name is kept, and the new one is called NAME-2.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self._suffix = path.suffix.lower()
        if self._suffix not in ENCODINGS:
            raise ConfigError(f"{path}: expected a name that ends in .mp4, .avi or .mkv")
        self._source = source
        self._is_live = source.is_live
        rate_hz = source.frame_rate_hz if source.is_video else 1 / _PICTURE_S
        # a stream may declare 0 or 90000 frames per second
        most_hz = 240 if source.is_live else 1000
        self._rate_hz = rate_hz if 0.1 <= rate_hz <= most_hz else 25.0
        self._files = ExitStack()
        self._in_place = source.is_live and self._suffix in _SURVIVES_POWER_CUT
        self._path, self._growing = self._opened(path)
        self._sync = DiskSync(self._path) if self._in_place else None
        self._encoder: VideoEncoder | None = None
        self._size = (0, 0)
        self._frames = 0
        self._last_s = 0.0
        self._offset_s = 0.0

    def write(self, result: Result) -> None:
        """Add a frame at its time."""
        time_s = self._time_s(result.frame.time_s)
        image = annotate(result.frame.image, result.faces)
        with self._told_in_one_line():
            if self._encoder is None:
                self._encoder = self._open(image)
            image = fitted(image, self._size)
            self._frames += self._encoder.write(image, time_s, is_optional=self._is_live)
            if not self._growing.exists():  # writing to a deleted file would not fail
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if self._sync is not None:
                self._sync.wrote()

    def close(self, *, complete: bool) -> None:
        """Finish the file and rename it.

        Raises:
            OutputError: It could not be written completely.
        """
        whole = False
        try:
            if self._encoder is not None:
                with self._told_in_one_line():
                    self._encoder.close(complete=complete)
                whole = complete
        finally:
            if self._encoder is None and self._in_place:
                self._growing.unlink(missing_ok=True)
            leave(self._files, complete=whole)
            self._end_sync(is_told=complete)

    def _opened(self, path: Path) -> tuple[Path, Path]:
        """Return the path of the video, and that of the file that is written until the end."""
        if self._in_place:
            path = reserve(path)
            return path, path
        if self._is_live:
            return self._files.enter_context(new_file(path))
        return path, self._files.enter_context(whole_file(path))

    def _end_sync(self, *, is_told: bool) -> None:
        if self._sync is None:
            return
        try:
            self._sync.close()
        except OSError as error:
            if is_told:  # an incomplete run ends for another reason
                raise cannot_write(self._path, error) from error

    def _time_s(self, clock_s: float) -> float:
        """Return when a frame is shown, relative to the first frame."""
        if not self._source.is_video:
            return self._frames * _PICTURE_S
        time_s = clock_s + self._offset_s
        step_s = time_s - self._last_s
        if self._frames == 0:
            self._offset_s, time_s = -clock_s, 0.0
        elif (
            self._is_live and not 0 <= step_s <= _LONGEST_STILL_S
        ):  # the source was lost, or the clock was set
            time_s = self._last_s + 1 / self._rate_hz
            self._offset_s = time_s - clock_s
        self._last_s = max(self._last_s, time_s)
        return self._last_s

    def _open(self, image: NDArray[np.uint8]) -> VideoEncoder:
        self._size = (image.shape[1], image.shape[0])
        return VideoEncoder(
            self._growing,
            self._suffix,
            size=self._size,
            rate_hz=self._rate_hz,
            tick_rate_hz=getattr(self._source, "tick_rate_hz", None),
            is_live=self._is_live,
        )

    @contextmanager
    def _told_in_one_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._growing.exists():
                raise OutputError(
                    f"cannot write {self._path}: it was removed during the run"
                ) from error
            raise cannot_write(self._path, error) from error
        except OutputError as error:
            raise OutputError(f"{self._path}: {error}; try --annotate for pictures") from error


def open_annotated_video(place: str, context: OwnContext) -> AnnotatedVideo:
    """Open an annotated video; see `AnnotatedVideo`.

    Raises:
        ConfigError: The suffix is unknown.
        OutputError: The file cannot be written.
    """
    return AnnotatedVideo(Path(place), context.source)
