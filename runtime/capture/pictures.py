"""Pictures from files, folders and patterns."""

import glob
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fer_edge.errors import FerEdgeError, MissingExtraError, SourceError
from fer_edge.limits import PICTURE_PX
from fer_edge.pictures.folder import (
    DAMAGED,
    FoundPictures,
    describe_kinds,
    describe_left_out,
    needing_extra,
    pictures_in,
    pictures_of_pattern,
)
from fer_edge.pictures.kinds import SUFFIXES
from fer_edge.pictures.picture import read_picture
from fer_edge.require import install

from .frame import Frame

_log = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts"),
        *(".wmv", ".flv", ".3gp", ".ogv", ".mxf", ".vob", ".dv"),
        *(".h264", ".264", ".h265", ".hevc", ".mjpeg", ".mjpg"),
    )
)
"""Suffixes of videos; a file with another suffix can be given by name."""


class Pictures:
    """Pictures from files, in the given order; if there are several, a damaged one is skipped."""

    is_video = False
    is_live = False
    frame_rate_hz = 0.0
    dropped = 0

    def __init__(
        self,
        paths: list[Path],
        *,
        left_out: Counter[str] | None = None,
        limit_px: int = PICTURE_PX,
    ) -> None:
        """Store the paths; nothing is read from them yet.

        Args:
            paths: Picture files.
            left_out: Number of skipped files by kind; reported at the end.
            limit_px: Largest number of pixels of a picture; larger ones count as damaged.
        """
        self.paths = tuple(paths)
        self._left_out = Counter(left_out or ())
        self._limit_px = limit_px
        self._closed = False
        self.length: int | None = len(paths)

    def __iter__(self) -> Iterator[Frame]:
        index, left_out, error = 0, Counter(self._left_out), None
        for path in self.paths:
            if self._closed:
                return
            try:
                image = read_picture(path, limit_px=self._limit_px)
            except (SourceError, MissingExtraError) as caught:
                if len(self.paths) == 1:
                    raise
                error = caught
                left_out[_kind_of(error, path)] += 1
                _log.warning("%s; skipped", error)
                continue
            yield Frame(image, index, 0.0, str(path))
            index += 1
        if index == 0 and error is not None:
            raise SourceError(f"none of {len(self.paths)} pictures can be read") from error
        if left_out:
            _log.warning("%s", describe_left_out(index, left_out))

    def close(self) -> None:
        """End before the next picture; no file stays open between two."""
        self._closed = True


def open_folder(folder: Path, *, limit_px: int = PICTURE_PX) -> Pictures:
    """Open the pictures of a folder and its subfolders, sorted by name.

    Raises:
        SourceError: It cannot be listed, or has no pictures.
    """
    try:
        found = pictures_in(folder)
    except OSError as error:
        raise SourceError(f"folder {folder} cannot be read: {error.strerror}") from error
    return _open_found(found, f"folder {folder} has", limit_px)


def open_pattern(pattern: str, *, limit_px: int = PICTURE_PX) -> Pictures:
    """Open the pictures that match a glob pattern, sorted by name.

    Raises:
        SourceError: It is not a pattern, or no picture matches.
    """
    if not glob.has_magic(pattern):
        raise SourceError(f"{pattern} does not exist; expected a picture, a folder or a video file")
    return _open_found(pictures_of_pattern(pattern), f"{pattern} matches", limit_px)


def _open_found(found: FoundPictures, subject: str, limit_px: int) -> Pictures:
    if found.pictures:
        return Pictures(list(found.pictures), left_out=found.left_out, limit_px=limit_px)
    got = f"{subject} no readable picture"
    got += f", but {describe_kinds(found.left_out)}" if found.left_out else " and no other file"
    if needing_extra(found.left_out):
        raise SourceError(f"{got}; run: {install('heif')}")
    if VIDEO_SUFFIXES & set(found.left_out):
        raise SourceError(f"{got}; to read a video, pass its name")
    raise SourceError(f"{got}; expected files that end in {', '.join(SUFFIXES)}")


def _kind_of(error: FerEdgeError, path: Path) -> str:
    return path.suffix.lower() if isinstance(error, MissingExtraError) else DAMAGED
