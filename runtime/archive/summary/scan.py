"""Result files grouped by video or folder of pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import SourceError

from ..footer import Footer
from ..results_folder import existing_results


@dataclass(frozen=True, slots=True)
class Part:
    """A result file.

    Attributes:
        path: The file.
        footer: Its footer.
    """

    path: Path
    footer: Footer


@dataclass(frozen=True, slots=True)
class Scanned:
    """One video, or the pictures of one folder, with all result files.

    Attributes:
        name: Path of the source.
        kind: "video" or "pictures".
        parts: Result files in the order of spans.
    """

    name: str
    kind: str
    parts: tuple[Part, ...]

    @property
    def seconds(self) -> float:
        """Processed seconds of video."""
        return sum(part.footer.seconds for part in self.parts)

    @property
    def length_s(self) -> float:
        """Approximate time of its last frame: from the header, or from the processed part."""
        ends = (part.footer.start_s + part.footer.seconds for part in self.parts)
        return max(self.parts[0].footer.source_s, *ends, self.seconds)

    @property
    def frames(self) -> int:
        """Number of frames or pictures."""
        return sum(part.footer.frames for part in self.parts)

    @property
    def faces(self) -> int:
        """Number of rows."""
        return sum(part.footer.rows for part in self.parts)


def scan_results(results: Path) -> list[Scanned]:
    """Read the footers of all Parquet files, and sort the sources by name.

    Raises:
        SourceError: There is nothing to summarize, or the files do not belong together.
    """
    if not results.is_dir():
        raise SourceError(f"{results} is not a results folder of fer-edge archive")
    found: dict[tuple[str, str], list[Part]] = {}
    others = set[str]()
    for item in existing_results(results):
        if item.path.suffix != ".parquet":
            others.add(item.path.suffix)
        elif item.footer is not None:
            key = (item.footer.source, item.footer.source_id)
            found.setdefault(key, []).append(Part(item.path, item.footer))
    if not found:
        got = f"only {', '.join(sorted(others))} files" if others else "no finished file"
        # a folder keeps the format of its first run
        folder = "ANOTHER_FOLDER, without --format" if others else str(results)
        raise SourceError(
            f"{results}: expected Parquet files of fer-edge archive, got {got}; run: fer-edge "
            f"archive PLACE --out {folder}"
        )
    _check_together(results, found.values())
    return list(_ordered(found))


def _ordered(found: dict[tuple[str, str], list[Part]]) -> Iterator[Scanned]:
    for (name, _), parts in sorted(found.items()):
        parts.sort(key=lambda part: part.footer.number)
        yield Scanned(name, parts[0].footer.kind, tuple(parts))


def _check_together(results: Path, found: Iterable[list[Part]]) -> None:
    """Reject results of different models or options."""
    settings = {part.footer.settings for parts in found for part in parts}
    if len(settings) > 1:
        raise SourceError(
            f"{results} has results made with {len(settings)} different sets of options; "
            "summarize one archive at a time"
        )
