"""A unit of work: one video, a span of a video, or pictures of one folder."""

import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..capture.span import Span

OVERLAP_S = 5.0
"""Lead of a span: processing starts this many seconds earlier, so that tracks enter the span."""

_LONGEST_STEM_BYTES = 120


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An input file, with data to detect changes.

    Attributes:
        path: Absolute path.
        size_bytes: Its size.
        modified_ns: Modification time, in nanoseconds since 1970.
    """

    path: Path
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Unit:
    """Work that one worker does in one go, into one result file.

    Attributes:
        kind: "video" or "pictures".
        source: The video, or the folder of the pictures; absolute path.
        files: The video, or the pictures.
        number: Number within the source, from 0.
        count: Number of units of the source.
        start_s: Start of the span; 0 for pictures.
        end_s: End of the span; infinite for the last one.
        length_s: Approximate length in seconds of video; 0 if unknown.
        source_s: Approximate length of the whole video.
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
        """16 hexadecimal digits that identify the source by its name, in every run."""
        name = os.fsencode(self.source) + b"\0" + self.kind.encode()
        return hashlib.sha256(name).hexdigest()[:16]

    @property
    def name(self) -> str:
        """Name of its result file without suffix: `3f/clip-3f90...` or `3f/clip-3f90...-2of5`."""
        part = "" if self.count == 1 else f"-{self.number + 1}of{self.count}"
        return f"{self.source_id[:2]}/{_readable(self.source)}-{self.source_id}{part}"

    @property
    def stamp(self) -> str:
        """16 hexadecimal digits that change when a file is added, removed or modified."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(os.fsencode(file.path.name))
            digest.update(f"\0{file.size_bytes} {file.modified_ns}\n".encode())
        return digest.hexdigest()[:16]

    @property
    def span(self) -> Span:
        """The span to decode: the unit, and the overlap before it."""
        return Span(max(0.0, self.start_s - OVERLAP_S), self.end_s)

    def describe(self) -> str:
        """Describe it as text."""
        name = in_utf8(self.source)
        if self.kind == "pictures":
            return f"{len(self.files)} picture{'s' * (len(self.files) != 1)} in {name}"
        return name if self.count == 1 else f"{name}, span {self.number + 1} of {self.count}"


def in_utf8(path: Path | str) -> str:
    r"""Return a name in UTF-8: a byte that is not UTF-8 becomes `\udcXX`."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _readable(source: Path) -> str:
    stem = in_utf8(source.name).replace("\\", "_")
    stem = "".join(sign if sign.isprintable() else "_" for sign in stem)
    return stem.encode()[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore").lstrip(".") or "root"
