"""The pictures of a folder or pattern, and the files that are skipped."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from fer_edge.require import install

from .kinds import SUFFIXES, Kind, is_picture_file, missing_extra

_HIDDEN_NAMES = frozenset(
    (
        *("__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "$recycle.bin", "lost+found"),
        *("system volume information", "#recycle", "#snapshot"),
    )
)
DAMAGED = "damaged"
"""Categories of skipped files that are not kinds of files."""
_NEEDS_EXTRA: tuple[Kind, ...] = ("HEIC", "AVIF")


@dataclass(frozen=True, slots=True)
class FoundPictures:
    """Contents of a folder or pattern; hidden files are not counted.

    Attributes:
        pictures: Files of supported kinds, sorted by name.
        left_out: Number of other files by kind, such as ".txt".
    """

    pictures: tuple[Path, ...]
    left_out: Counter[str]

    @property
    def files(self) -> int:
        """Number of files."""
        return len(self.pictures) + self.left_out.total()


def is_hidden(name: str, *, is_folder: bool = False) -> bool:
    """Return whether a file or folder belongs to a program, not to the user.

    These are names that start with a dot (.git, .thumbnails, ._photo.jpg), folders that start with
    @ (a network storage's @eaDir), and a few more such as __MACOSX, #recycle and Thumbs.db.
    """
    if name.startswith(".") or (is_folder and name.startswith("@")):
        return True
    return name.lower() in _HIDDEN_NAMES


def pictures_in(folder: Path) -> FoundPictures:
    """Find the pictures of a folder and its subfolders; each folder is read once.

    Raises:
        OSError: The folder cannot be listed.
    """
    return sort_out(files_in(folder))


def pictures_of_pattern(pattern: str) -> FoundPictures:
    """Find the pictures that match a glob pattern; `**` matches any subfolders.

    Hidden files are skipped, unless the pattern names them.
    """
    return sort_out(files_of_pattern(pattern))


def files_in(folder: Path, *, named: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Yield all files of a folder and its subfolders, without the hidden ones.

    Links to folders are followed last. A folder is never read twice, so cyclic links end. A
    subfolder that cannot be listed is also yielded.

    Args:
        folder: Folder to search.
        named: Names that are included although they are hidden.

    Raises:
        OSError: The folder cannot be listed.
    """
    os.scandir(folder).close()
    seen: set[tuple[int, int]] = set()
    waiting, links = [folder], list[Path]()
    while waiting or links:
        place = waiting.pop() if waiting else links.pop(0)
        try:
            status = place.stat()
            entries = sorted(place.iterdir())
        except OSError:
            yield place
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            is_folder = entry.is_dir()
            if is_hidden(entry.name, is_folder=is_folder) and entry.name not in named:
                continue
            if not is_folder:
                yield entry
            else:
                (links if entry.is_symlink() else waiting).append(entry)


def files_of_pattern(pattern: str) -> Iterator[Path]:
    """Yield the files that match a glob pattern; `**` matches any subfolders.

    Hidden files are skipped, unless the pattern names them. Cyclic links to folders end.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        # pathlib does not support absolute patterns; glob itself skips names that start with a
        # dot
        for path in map(Path, glob.glob(pattern)):  # noqa: PTH207
            others = [part for part in path.parts if part not in parts and part[0] != "."]
            hidden = any(is_hidden(part, is_folder=part != path.name) for part in others)
            if not hidden and not path.is_dir():
                yield path
        return
    # glob itself would follow cyclic links until the names are too long
    place = parts.index("**")
    head = str(Path(*parts[:place])) if place else "."
    for root in sorted(glob.glob(head)):  # noqa: PTH207
        if Path(root).is_dir():
            for path in files_in(Path(root), named=frozenset(parts)):
                if _fits(path.relative_to(root).parts, parts[place:]):
                    yield path


def sort_out(paths: Iterable[Path]) -> FoundPictures:
    """Separate the supported pictures from other files."""
    is_missing = cache(missing_extra)
    pictures, left_out = [], Counter[str]()
    for path in paths:
        suffix = path.suffix.lower()
        kind = SUFFIXES.get(suffix)
        if not path.is_file():
            left_out["unreadable"] += 1
        elif kind in _NEEDS_EXTRA and is_missing(kind):
            left_out[suffix] += 1
        elif kind is not None or (not suffix and is_picture_file(path)):
            pictures.append(path)
        else:
            left_out[suffix or "without suffix"] += 1
    return FoundPictures(tuple(sorted(pictures)), left_out)


def describe_left_out(read: int, left_out: Counter[str], *, noun: str = "files") -> str:
    """Describe the files: "read 120 of 134 files; left out: 12 .heic, 2 .gif".

    For kinds that need an optional library, the install command is added.
    """
    total = read + left_out.total()
    line = f"read {read} of {total} {noun}; left out: {describe_kinds(left_out)}"
    if needing_extra(left_out):
        line += f"; to read HEIC and AVIF run: {install('heif')}"
    return line


def describe_kinds(left_out: Counter[str]) -> str:
    """List kinds of files with their counts, the most frequent first: "12 .heic, 2 .gif"."""
    ordered = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {kind}" for kind, count in ordered)


def needing_extra(left_out: Iterable[str]) -> bool:
    """Return whether an optional library would read some of these kinds."""
    return any(SUFFIXES.get(kind) in _NEEDS_EXTRA for kind in left_out)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        rest = pattern[1:]
        return not rest or any(_fits(parts[at:], rest) for at in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
