"""Annotated pictures: one file for one picture, a folder for several."""

import os
from pathlib import Path

from fer_edge.errors import ConfigError, OutputError
from fer_edge.pictures.kinds import SUFFIXES

from ...capture.frame import Source
from ...drawing.annotation import annotate
from ...recognition.result import Result
from ..own_context import OwnContext
from .picture_file import check_picture_suffix, write_picture

_LONGEST_NAME_BYTES = 255
"""NAME_MAX of Linux."""


class AnnotatedPictures:
    """Annotated pictures: one file for one picture, a folder for several.

    In a folder each file is a JPEG, whatever the input was, with a number before its name, so that
    inputs such as a.heic and a.jpg get separate files; names for a live source begin with the time
    (UTC), so that files of earlier runs are kept.
    """

    def __init__(self, path: Path, source: Source) -> None:
        """Check the path, and create the folder.

        Raises:
            ConfigError: OpenCV cannot write pictures with its suffix, or it is a single picture
                and there are several.
            OutputError: It cannot be created.
        """
        single = source.length == 1 and not source.is_video
        self._folder = None if single and path.suffix and not path.is_dir() else path
        self._path = path
        self._is_video = source.is_video
        if self._folder is None:
            check_picture_suffix(path)
            return
        if path.suffix.lower() in SUFFIXES and not path.is_dir():
            raise ConfigError(
                f"--annotate {path} is a single picture, but the input has several; expected a "
                "folder, for example --annotate annotated"
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"folder {path} cannot be created: {error.strerror}") from error

    def write(self, result: Result) -> None:
        """Write one picture."""
        frame = result.frame
        if self._folder is None:
            path = self._path
        elif not self._is_video:
            path = self._folder / _file_name(f"{frame.index:06d}-{Path(frame.name).stem}")
        else:
            # the numbers start again in each run of a camera
            moment = "" if result.time is None else f"{result.time.replace(':', '')}-"
            path = self._folder / f"{moment}{frame.index:06d}.jpg"
        if path.exists() and Path(frame.name).exists() and path.samefile(frame.name):
            raise ConfigError(f"--annotate {path} is the input itself; choose another path")
        write_picture(path, annotate(frame.image, result.faces))

    def close(self, *, complete: bool) -> None:
        """Do nothing: each picture is already complete."""


def _file_name(stem: str) -> str:
    """Return the name of a JPEG; a stem that is too long for a file name is shortened."""
    while len(os.fsencode(stem)) > _LONGEST_NAME_BYTES - len(".jpg"):
        stem = stem[:-1]
    return stem + ".jpg"


def open_annotated_pictures(place: str, context: OwnContext) -> AnnotatedPictures:
    """Open annotated pictures in a file or folder; see `AnnotatedPictures`."""
    return AnnotatedPictures(Path(place), context.source)
