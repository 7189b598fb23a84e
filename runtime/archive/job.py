"""One run of `fer-edge archive`: existing results, missing results, and the work."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from fer_edge.errors import FerEdgeError, OutputError

from .config import ArchiveConfig
from .engine import Engine
from .failures import Failure, Failures, failures_of
from .places import FoundFiles, find_files, in_order, source_file
from .plan import Header, make_plan
from .progress import Progress
from .result_file import remove_result
from .results_folder import (
    Existing,
    describe_change,
    existing_results,
    is_current,
    locked_results,
    made_otherwise,
    require_format,
)
from .settings import Settings, resolve_settings
from .unit import SourceFile, Unit, in_utf8
from .work import Done, Failed, Task

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a run.

    Attributes:
        found: Files in the places.
        units: All units.
        missing: Units to process now.
        known_failures: Number of units that are skipped since they failed before.
        stale: Result files to replace, since their source is split differently now.
    """

    found: FoundFiles
    units: tuple[Unit, ...]
    missing: tuple[Unit, ...]
    known_failures: int
    stale: tuple[Existing, ...]

    @property
    def there(self) -> int:
        """Number of units that have results."""
        return len(self.units) - len(self.missing) - self.known_failures


@dataclass(frozen=True, slots=True)
class Ended:
    """Result of a run.

    Attributes:
        total: Number of units.
        done: Number of units processed now.
        before: Number of units that already had results.
        failed: Number of lines in failures.jsonl at the end.
        lost: Number of workers that died.
        frames: Number of frames processed now.
        faces: Number of faces found now.
        seconds: Seconds of video processed now.
    """

    total: int
    done: int
    before: int
    failed: int
    lost: int
    frames: int
    faces: int
    seconds: float


def plan_work(
    config: ArchiveConfig,
    settings: Settings,
    places: Sequence[str],
    listed: BinaryIO | None,
    failures: Failures | None,
) -> Work:
    """Find the files and the missing results.

    Raises:
        SourceError: A place does not exist, or contains nothing to process.
        OutputError: The results were made with other options, and must not be replaced.
    """
    results = config.results
    out = Path(results.out or "")
    found = find_files(places, listed)
    existing = existing_results(out)
    others = made_otherwise(existing, settings)
    if others and not results.overwrite:
        raise OutputError(describe_change(others, settings, out))
    split_s = None if config.reading.split_min is None else 60 * config.reading.split_min
    replaced = {item.path for item in others}
    current = [item for item in existing if item.path not in replaced]
    found = _with_known_pictures(found, current)
    units = make_plan(found, split_s=split_s, known=_known_headers(found, existing))
    by_name = {item.path.stem: item for item in current}
    left_out = set() if failures is None or results.retry else failures.units()
    missing, known_failures = [], 0
    for unit in units:
        item = by_name.get(Path(unit.name).name)
        if item is not None and is_current(item, unit, results.format):
            if results.retry and item.footer and item.footer.failed:
                missing.append(unit)
        elif (unit.name, unit.stamp) in left_out:
            known_failures += 1
        else:
            missing.append(unit)
    stale = (*others, *_cut_otherwise(units, current))
    return Work(found, units, tuple(missing), known_failures, stale)


def run_archive(
    config: ArchiveConfig,
    places: Sequence[str],
    engine: Engine,
    *,
    listed: BinaryIO | None = None,
    on_start: Callable[[Work], object] = lambda work: None,
) -> Ended:
    """Process the missing units.

    Args:
        config: Options.
        places: Files, folders and patterns.
        engine: Engine of the work.
        listed: More files, see `find_files`.
        on_start: Called before the first unit is processed.

    Raises:
        FerEdgeError: Nothing can be processed, or the results cannot be written. An unreadable file
            is a line in failures.jsonl instead.
    """
    out = Path(config.results.out or "").absolute()
    require_format(config.results.format)
    settings = resolve_settings(config)
    with locked_results(out) as identity:
        failures = Failures(out)
        work = plan_work(config, settings, places, listed, failures)
        for item in work.stale:
            remove_result(item.path)
        _forget(failures, work)
        for path, reason in work.found.missing:
            failures.add(Failure(in_utf8(path), reason))
        on_start(work)
        tasks = (Task(unit, settings, out, identity) for unit in _longest_first(work.missing))
        progress = Progress(work.missing)
        try:
            done = _do(engine, tasks, progress, failures)
        finally:
            progress.close()
        return Ended(
            total=len(work.units),
            done=done,
            before=work.there,
            failed=len(failures),
            lost=progress.lost,
            frames=progress.frames,
            faces=progress.faces,
            seconds=progress.seconds,
        )


def _do(engine: Engine, tasks: Iterable[Task], progress: Progress, failures: Failures) -> int:
    """Run the tasks; returns the number of result files written."""

    def lose(task: Task, is_again: bool) -> None:
        progress.lose(task.unit)
        if is_again:  # otherwise its failure is reported
            unit = task.unit.describe()
            _log.warning("a worker was killed while processing %s; it is processed again", unit)

    done = 0
    for outcome in engine.run(tasks, progress.tick, lose):
        if isinstance(outcome, Failed) and outcome.is_final:
            raise FerEdgeError(f"{outcome.reason}; then run the same command to continue")
        progress.end(outcome)
        done += isinstance(outcome, Done)
        for failure in failures_of(outcome):
            failures.add(failure)
            _log.warning("%s", failure.reason)
    return done


def _forget(failures: Failures, work: Work) -> None:
    """Remove the lines of files that are processed again, no longer exist, or are in no unit."""
    again = {unit.name for unit in work.missing}
    names = {unit.name for unit in work.units}
    failures.keep(
        lambda line: (
            bool(line.unit)
            and line.unit not in again
            and (line.unit in names or _exists(line.source))
        )
    )


def _exists(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # whatever the line contains
        return False


def _longest_first(units: Sequence[Unit]) -> list[Unit]:
    """Sort them so that no worker is left alone with a long unit at the end."""
    return sorted(units, key=lambda unit: unit.length_s, reverse=True)


def _with_known_pictures(found: FoundFiles, existing: Sequence[Existing]) -> FoundFiles:
    """Add the pictures of the same folders that have results: they share files with new ones."""
    known: dict[str, set[str]] = {}
    for item in existing:
        if item.footer is not None and item.footer.pictures:
            known.setdefault(item.footer.source_id, set()).update(item.footer.pictures)
    pictures = {file.path: file for file in found.pictures}
    for folder in {path.parent for path in pictures}:
        names = known.get(Unit("pictures", folder, ()).source_id)
        if names:
            for path in folder.iterdir():
                if path not in pictures and in_utf8(path.name) in names and path.is_file():
                    pictures[path] = source_file(path)
    return replace(found, pictures=in_order(pictures.values()))


def _known_headers(found: FoundFiles, existing: Sequence[Existing]) -> dict[Path, Header]:
    """Return the header data in footers for unchanged videos, which need not be opened again."""
    headers: dict[tuple[str, str], Header] = {}
    for item in existing:
        footer = item.footer
        if footer is not None and footer.kind == "video":
            headers[footer.source_id, footer.stamp] = Header(footer.source_s, footer.can_seek)
    return {video.path: headers[key] for video in found.videos if (key := _key(video)) in headers}


def _key(video: SourceFile) -> tuple[str, str]:
    unit = Unit("video", video.path, (video,))
    return unit.source_id, unit.stamp


def _cut_otherwise(units: Sequence[Unit], existing: Sequence[Existing]) -> list[Existing]:
    """Return result files of these sources that belong to no current unit."""
    names = {Path(unit.name).name for unit in units}
    sources = {unit.source_id for unit in units}
    return [
        item
        for item in existing
        if item.footer and item.footer.source_id in sources and item.path.stem not in names
    ]
