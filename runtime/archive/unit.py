"""A unit of work: one video, a span of one, or pictures of one folder."""

import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..capture.span import Span

OVERLAP_S = 5.0
"""A span is read from so many seconds before its start, so that faces are followed into it."""

_LONGEST_STEM_BYTES = 120


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to be read, and what tells that it has changed.

    Attributes:
        path: Absolute.
        size_bytes: Its size.
        modified_ns: When it was changed, in nanoseconds of the epoch.
    """

    path: Path
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Unit:
    """What one worker reads in one go, into one file of results.

    Attributes:
        kind: Whether it is of a video, or of pictures.
        source: The video, or the folder of the pictures; absolute.
        files: The video, or the pictures.
        number: From 0, among the units of the source.
        count: Number of units of the source.
        start_s: Where the span starts; 0 for pictures.
        end_s: Where it ends; infinite for the last one.
        length_s: About how many seconds of video it has; 0 where that is not known.
        source_s: The same of the whole video.
        can_seek: Whether the video can be split.
    """

    kind: Literal["video", "pictures"]
    source: Path
    files: tuple[SourceFile, ...]
    number: int = 0
    count: int = 1
    start_s: float = 0.0
    end_s: float = math.inf
    length_s: float = 0.0
    source_s: float = 0.0
    can_seek: bool = False

    @property
    def source_id(self) -> str:
        """16 hexadecimal digits that stand for the source's name: the same in every run."""
        name = os.fsencode(self.source) + b"\0" + self.kind.encode()
        return hashlib.sha256(name).hexdigest()[:16]

    @property
    def name(self) -> str:
        """Of its file of results, without a suffix: `3f/clip-3f90...` or `3f/clip-3f90...-2of5`."""
        part = "" if self.count == 1 else f"-{self.number + 1}of{self.count}"
        return f"{self.source_id[:2]}/{_readable(self.source)}-{self.source_id}{part}"

    @property
    def stamp(self) -> str:
        """16 hexadecimal digits that change when a file is added, removed or changed."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(os.fsencode(file.path.name))
            digest.update(f"\0{file.size_bytes} {file.modified_ns}\n".encode())
        return digest.hexdigest()[:16]

    @property
    def span(self) -> Span:
        """What is decoded: the unit, and the overlap before it."""
        return Span(max(0.0, self.start_s - OVERLAP_S), self.end_s)

    def describe(self) -> str:
        """Name it for a person."""
        name = printable(self.source)
        if self.kind == "pictures":
            return f"{len(self.files)} pictures in {name}"
        return name if self.count == 1 else f"{name}, span {self.number + 1} of {self.count}"


def printable(path: Path | str) -> str:
    r"""Return a name as UTF-8 can say it: a byte that is not UTF-8 becomes `\udcXX`."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _readable(source: Path) -> str:
    stem = printable(source.name).replace("\\", "_")
    stem = "".join(sign if sign.isprintable() else "_" for sign in stem)
    return stem.encode()[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore").lstrip(".") or "root"
