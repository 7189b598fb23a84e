"""From files to units: splitting of videos and grouping of pictures."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from fer_edge.errors import FerEdgeError

from ..capture.video import Video
from .places import FoundFiles
from .unit import SourceFile, Unit

PICTURES_OF_UNIT = 128
"""Approximate number of pictures of a folder per result file."""

_HEADERS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Header:
    """Header data of a video.

    Attributes:
        length_s: Length of its video stream; 0 if not stated.
        can_seek: Whether a span in the middle can be read without the frames before it.
    """

    length_s: float = 0.0
    can_seek: bool = False


def make_plan(
    found: FoundFiles, *, split_s: float | None, known: Mapping[Path, Header] | None = None
) -> tuple[Unit, ...]:
    """Divide the work into units.

    Args:
        found: Files.
        split_s: Longer videos are split into spans of this length; None splits none.
        known: Headers that are already known.
    """
    headers = {**_read_headers(found.videos, known or {}), **(known or {})}
    units: list[Unit] = []
    for video in found.videos:
        units += _of_video(video, headers[video.path], split_s)
    for folder, pictures in groupby(found.pictures, key=lambda file: file.path.parent):
        units += _of_pictures(folder, tuple(pictures))
    return tuple(units)


def _read_headers(videos: Sequence[SourceFile], known: Mapping[Path, Header]) -> dict[Path, Header]:
    """Read the headers of other videos in parallel; that of an unreadable one is empty."""
    unknown = [video.path for video in videos if video.path not in known]
    with ThreadPoolExecutor(_HEADERS_AT_ONCE) as threads:
        return dict(zip(unknown, threads.map(_read_header, unknown), strict=True))


def _read_header(path: Path) -> Header:
    try:
        video = Video(path, decoder_threads=1)
    except (FerEdgeError, OSError):  # reported by the worker that processes it
        return Header()
    try:
        return Header(video.length_s or 0.0, video.can_seek)
    finally:
        video.close()


def _of_video(video: SourceFile, header: Header, split_s: float | None) -> Iterable[Unit]:
    length_s = header.length_s
    # a short last span is merged with the one before
    count = 1
    if split_s is not None and header.can_seek:
        count = max(1, math.ceil(length_s / split_s - 0.1))
    whole = Unit(
        kind="video",
        source=video.path,
        files=(video,),
        length_s=length_s,
        source_s=length_s,
        can_seek=header.can_seek,
    )
    if count == 1 or split_s is None:
        yield whole
        return
    for number in range(count):
        start_s, is_last = number * split_s, number == count - 1
        yield replace(
            whole,
            number=number,
            count=count,
            start_s=start_s,
            end_s=math.inf if is_last else start_s + split_s,
            length_s=length_s - start_s if is_last else split_s,
        )


def _of_pictures(folder: Path, pictures: tuple[SourceFile, ...]) -> Iterable[Unit]:
    """Group pictures by their names, so that a new picture changes only one unit."""
    count = 1
    while count * PICTURES_OF_UNIT < len(pictures):
        count *= 2
    shares: dict[int, list[SourceFile]] = {}
    for picture in pictures:
        digest = sha256(os.fsencode(picture.path.name)).digest()
        shares.setdefault(int.from_bytes(digest[:4], "big") % count, []).append(picture)
    for number, share in sorted(shares.items()):
        yield Unit("pictures", folder, tuple(share), number, count)
