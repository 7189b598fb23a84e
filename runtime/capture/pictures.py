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
"""Suffixes that say a file is a video; named by itself, a file with another one is tried, too."""


class Pictures:
    """Pictures from files, in the order given; of several, a broken one is passed over."""

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
        """Take the paths; nothing is read from them yet.

        Args:
            paths: Picture files.
            left_out: Number of files by kind that are not read; told at the end.
            limit_px: A picture with more pixels counts as broken.
        """
        self._paths = paths
        self._left_out = Counter(left_out or ())
        self._limit_px = limit_px
        self._closed = False
        self.length: int | None = len(paths)

    def __iter__(self) -> Iterator[Frame]:
        index, left_out, error = 0, Counter(self._left_out), None
        for path in self._paths:
            if self._closed:
                return
            try:
                image = read_picture(path, limit_px=self._limit_px)
            except (SourceError, MissingExtraError) as caught:
                if len(self._paths) == 1:
                    raise
                error = caught
                left_out[_kind_of(error, path)] += 1
                _log.warning("%s; it was skipped", error)
                continue
            yield Frame(image, index, 0.0, str(path))
            index += 1
        if index == 0 and error is not None:
            raise SourceError(f"none of {len(self._paths)} pictures can be read") from error
        if left_out:
            _log.warning("%s", describe_left_out(index, left_out))

    def close(self) -> None:
        """End before the next picture; nothing stays open between two."""
        self._closed = True


def open_folder(folder: Path, *, limit_px: int = PICTURE_PX) -> Pictures:
    """Open the pictures of a folder and the folders in it, in the order of their names.

    Raises:
        SourceError: It cannot be listed, or holds no picture.
    """
    try:
        found = pictures_in(folder)
    except OSError as error:
        raise SourceError(f"folder {folder} cannot be read: {error.strerror}") from error
    return _open_found(found, f"folder {folder} holds", limit_px)


def open_pattern(pattern: str, *, limit_px: int = PICTURE_PX) -> Pictures:
    """Open the pictures that a glob pattern matches, in the order of their names.

    Raises:
        SourceError: It is not a pattern, or matches no picture.
    """
    if not glob.has_magic(pattern):
        raise SourceError(f"{pattern} does not exist; name a picture, a folder or a video file")
    return _open_found(pictures_of_pattern(pattern), f"{pattern} matches", limit_px)


def _open_found(found: FoundPictures, subject: str, limit_px: int) -> Pictures:
    if found.pictures:
        return Pictures(list(found.pictures), left_out=found.left_out, limit_px=limit_px)
    got = f"{subject} no picture that can be read"
    got += f", but {describe_kinds(found.left_out)}" if found.left_out else " and no other file"
    if needing_extra(found.left_out):
        raise SourceError(f"{got}; run: {install('heif')}")
    if VIDEO_SUFFIXES & set(found.left_out):
        raise SourceError(f"{got}; pass one video by its own name")
    raise SourceError(f"{got}; expected files that end in {', '.join(SUFFIXES)}")


def _kind_of(error: FerEdgeError, path: Path) -> str:
    return path.suffix.lower() if isinstance(error, MissingExtraError) else DAMAGED
