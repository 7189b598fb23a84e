"""The files of an archive: in folders, from patterns, from a list."""

import glob
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fer_edge.errors import SourceError
from fer_edge.pictures.folder import files_in, files_of_pattern
from fer_edge.pictures.kinds import SUFFIXES, is_picture_file

from ..capture.pictures import VIDEO_SUFFIXES
from .unit import SourceFile, in_utf8


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Contents of the places, without duplicates.

    Attributes:
        videos: Videos, sorted by name.
        pictures: Pictures, sorted by name.
        left_out: Number of other files by kind, such as ".txt".
        missing: Unreadable files of a list, each with the reason.
    """

    videos: tuple[SourceFile, ...]
    pictures: tuple[SourceFile, ...]
    left_out: Counter[str]
    missing: tuple[tuple[Path, str], ...]


def find_files(places: Sequence[str], listed: BinaryIO | None = None) -> FoundFiles:
    """Find all videos and pictures.

    A file that is given by name is used whatever its suffix; in folders and patterns, files with
    the suffix of a video or a picture are used.

    Args:
        places: Files, folders and glob patterns.
        listed: File names, one per line, or each followed by a zero byte (`find -print0`).

    Raises:
        SourceError: A place does not exist or cannot be listed, or there is nothing to process.
    """
    left_out, missing = Counter[str](), list[tuple[Path, str]]()
    named = [Path(place) for place in places if Path(place).is_file()]
    paths = dict.fromkeys(_absolute(path) for path in named)
    for path in _names(listed) if listed is not None else ():
        paths[_absolute(path)] = None
    certain = frozenset(paths)
    for place in places:
        for path in _below(place):
            paths[_absolute(path)] = None
    videos, pictures = list[SourceFile](), list[SourceFile]()
    for path in paths:
        kind, fault = _examine(path, is_named=path in certain)
        if fault:
            missing.append((path, fault))
        elif kind is None:
            left_out[path.suffix.lower() or "without suffix"] += 1
        else:
            (videos if kind == "video" else pictures).append(source_file(path))
    if not (videos or pictures or missing):
        raise SourceError(_nothing(places, left_out))
    return FoundFiles(in_order(videos), in_order(pictures), left_out, tuple(missing))


def source_file(path: Path) -> SourceFile:
    """Describe a file by its present size and time.

    Raises:
        OSError: It does not exist.
    """
    status = path.stat()
    return SourceFile(path, status.st_size, status.st_mtime_ns)


def in_order(files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    """Sort files by name."""
    return tuple(sorted(files, key=lambda file: os.fsencode(file.path)))


def _below(place: str) -> Iterator[Path]:
    path = Path(place)
    if path.is_dir():
        try:
            yield from files_in(path)
        except OSError as error:
            raise SourceError(
                f"folder {in_utf8(place)} cannot be read: {error.strerror}"
            ) from error
    elif glob.has_magic(place) and not path.exists():
        yield from files_of_pattern(place)
    elif not path.is_file():
        raise SourceError(
            f"{in_utf8(place)} does not exist; expected a video, a picture, a folder, a "
            "pattern such as 'videos/**/*.mp4', or - for a list of files on standard input"
        )


def _names(listed: BinaryIO) -> Iterator[Path]:
    data = listed.read()
    for name in data.split(b"\0") if b"\0" in data else data.splitlines():
        if name.strip():
            yield Path(os.fsdecode(name))


def _absolute(path: Path) -> Path:
    """Return an absolute path without "..", so that two ways to write a folder are the same."""
    path = path.absolute()
    return path.parent.resolve() / path.name if ".." in path.parts else path


def _examine(path: Path, *, is_named: bool) -> tuple[str | None, str]:
    """Return the kind of a file, None if it is neither video nor picture, or why it is unusable."""
    looks_right = is_named or path.suffix.lower() in (*VIDEO_SUFFIXES, *SUFFIXES)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return None, "is a folder that cannot be listed: check its permissions"
        if stat.S_ISREG(mode):
            return _kind(path, is_named=is_named), ""
        # a pipe may have no writer, and opening it would wait without end
        fault = "is a pipe, socket or device; expected a file"
    except (OSError, ValueError) as error:
        fault = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return None, fault if looks_right else ""


def _kind(path: Path, *, is_named: bool) -> str | None:
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return "video"
    if suffix in SUFFIXES or not suffix:
        if is_picture_file(path):
            return "picture"
        return "video" if suffix or is_named else None
    if not is_named:
        return None
    return "picture" if is_picture_file(path) else "video"


def _nothing(places: Sequence[str], left_out: Counter[str]) -> str:
    where = ", ".join(map(in_utf8, places)) or "the list on standard input"
    got = ", ".join(f"{count} {kind}" for kind, count in left_out.most_common(5)) or "no file"
    return (
        f"{where}: expected videos or pictures, got {got}; to process a file anyway, pass its name"
    )
