"""Where results go: JSON lines, annotated pictures, an annotated video."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol

import cv2

from fer_edge.chatter import without_chatter
from fer_edge.errors import OutputError
from fer_edge.files import whole_file

from .annotation import annotate
from .frame import Source
from .result import Result


class Sink(Protocol):
    """Takes what was read, frame by frame."""

    def write(self, result: Result) -> None:
        """Take one frame and what was read in it."""

    def close(self, *, complete: bool) -> None:
        """End; a file appears under its name only if the run was complete."""


class JsonLines:
    """One JSON object per frame on a text stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, result: Result) -> None:
        """Write one line."""
        self._stream.write(json.dumps(as_record(result)) + "\n")
        self._stream.flush()  # whoever reads a pipe wants it now

    def close(self, *, complete: bool) -> None:
        """Leave the stream to its owner."""


class JsonLinesFile(JsonLines):
    """JSON lines in a file."""

    def __init__(self, path: Path) -> None:
        self._files = ExitStack()
        temporary = self._files.enter_context(whole_file(path))
        super().__init__(self._files.enter_context(temporary.open("w", encoding="utf-8")))

    def close(self, *, complete: bool) -> None:
        """Move the file to its name."""
        _leave(self._files, complete=complete)


class AnnotatedPictures:
    """Annotated pictures: one file for one picture, a folder for several."""

    def __init__(self, path: Path, source: Source) -> None:
        single = source.length == 1 and not source.is_video
        self._folder = None if single and path.suffix and not path.is_dir() else path
        self._path = path
        if self._folder:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"folder {path} cannot be made: {error.strerror}") from error

    def write(self, result: Result) -> None:
        """Write one picture."""
        frame = result.frame
        if self._folder is None:
            path = self._path
        elif Path(frame.name).is_file() and not frame.time_s:
            path = self._folder / f"{frame.index:06d}-{Path(frame.name).stem}.jpg"
        else:
            path = self._folder / f"{frame.index:06d}.jpg"
        with whole_file(path) as temporary:
            _encode(temporary, annotate(result.frame.image, result.readings))

    def close(self, *, complete: bool) -> None:
        """Each picture is whole already."""


class AnnotatedVideo:
    """An annotated video; its size is that of the first frame."""

    def __init__(self, path: Path, source: Source) -> None:
        self._codec = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}.get(path.suffix.lower())
        if self._codec is None:
            raise OutputError(f"{path}: a video is .mp4, .avi or .mkv; name one of these")
        self._path = path
        self._files = ExitStack()
        self._temporary = self._files.enter_context(whole_file(path))
        self._rate_hz = source.frame_rate_hz if source.is_video else 1.0
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._frames = 0

    def write(self, result: Result) -> None:
        """Add one frame."""
        if self._writer is None:
            height, width = result.frame.image.shape[:2]
            self._size = (width, height)
            code = cv2.VideoWriter.fourcc(*str(self._codec))
            with without_chatter():
                self._writer = cv2.VideoWriter(
                    str(self._temporary), code, self._rate_hz, self._size
                )
            if not self._writer.isOpened():
                raise OutputError(
                    f"{self._path}: this OpenCV writes no video of {self._size[0]}x{self._size[1]} "
                    "pixels there; try .avi, or --annotate for pictures"
                )
        image: Any = annotate(result.frame.image, result.readings)
        if (image.shape[1], image.shape[0]) != self._size:
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        with without_chatter():
            self._writer.write(image)
        self._frames += 1

    def close(self, *, complete: bool) -> None:
        """Finish the file and move it to its name."""
        if self._writer is None:
            _leave(self._files, complete=False)
            return
        with without_chatter():
            self._writer.release()
        whole = complete and self._is_whole()
        _leave(self._files, complete=whole)
        if complete and not whole:
            raise OutputError(f"{self._path} could not be written whole; is the disk full?")

    def _is_whole(self) -> bool:
        """Look into the file: OpenCV's writer is silent about a full disk."""
        with without_chatter():
            written = cv2.VideoCapture(str(self._temporary))
            # an .avi cut short says so in its count, an .mkv only when a late frame is wanted
            count = written.get(cv2.CAP_PROP_FRAME_COUNT)
            written.set(cv2.CAP_PROP_POS_FRAMES, int(0.9 * (self._frames - 1)))
            whole = written.grab() and count >= 0.9 * self._frames
            written.release()
        return bool(whole)


def as_record(result: Result) -> dict[str, Any]:
    """Return one frame's results as plain data for JSON.

    `box` is [left, top, right, bottom] in pixels; `scores` has every expression's probability.
    """
    return {
        "frame": result.frame.index,
        "time_s": round(result.frame.time_s, 4),
        "source": result.frame.name,
        "faces": [
            {
                "box": [
                    round(edge, 1)
                    for edge in (
                        reading.box.left,
                        reading.box.top,
                        reading.box.right,
                        reading.box.bottom,
                    )
                ],
                "detection": round(reading.detection, 4),
                "label": reading.label,
                "scores": {
                    label: round(probability, 4)
                    for label, probability in zip(
                        reading.labels, reading.probabilities, strict=True
                    )
                },
            }
            for reading in result.readings
        ],
    }


def write_picture(path: Path, image: Any) -> None:
    """Write a picture, uint8 (height, width, 3) BGR, in the format of its suffix.

    Raises:
        OutputError: The format is unknown, or the place cannot be written.
    """
    with whole_file(path) as temporary:
        _encode(temporary, image)


def _encode(path: Path, image: Any) -> None:
    try:
        done, data = cv2.imencode(path.suffix or ".none", image)
    except cv2.error:
        done = False
    if not done:
        raise OutputError(
            f"'{path.suffix}' is no picture format that OpenCV can write; try .jpg or .png"
        )
    path.write_bytes(data.tobytes())


def _leave(files: ExitStack, *, complete: bool) -> None:
    if complete:
        files.close()
        return
    abandoned = _AbandonedError()
    try:  # the context managers throw the temporary file away when they see an error
        with files:
            raise abandoned
    except _AbandonedError:
        return


class _AbandonedError(Exception):
    """Never leaves this module."""
