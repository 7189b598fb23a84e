"""`fer-edge archive`."""

import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from fer_edge.cli.command_options import Options, SectionedCommand
from fer_edge.cli.failures import INTERRUPTED, TERMINATED
from fer_edge.cli.interrupt import ending_at_once
from fer_edge.cli.option_fields import click_options, option_fields, parameter_name
from fer_edge.shown import without_controls

from ..capture.signals import SAME_REQUEST_S
from ..recognition.model_config import SERVED_FIELDS
from .config import PARTS, ArchiveConfig
from .summary.command import summarize

if TYPE_CHECKING:
    from .engine import Engine
    from .job import Ended, Work

_ONLY = {"model": SERVED_FIELDS}
_HEADINGS = {"reading": "Videos", "engine": "Work", "recognition": "Labels"}
_SECTIONS: dict[str, Options] = {
    _HEADINGS.get(name, name.capitalize()): click_options(
        part, section=name, only=_ONLY.get(name, ())
    )
    for name, part in PARTS.items()
}


class WithSummarize(SectionedCommand):
    """A command on places that also accepts the word `summarize`, followed by results."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Dispatch `archive summarize ...` to the other command."""
        if args[:1] == ["summarize"]:
            return summarize.make_context(f"{info_name} summarize", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=WithSummarize, sections=_SECTIONS)
@click.argument("places", nargs=-1, required=True, metavar="PLACE...")
@click.pass_context
def archive(context: click.Context, /, places: tuple[str, ...], **options: Any) -> None:
    """Process every video and picture of an archive, on all cores or a Ray cluster.

    PLACE is a folder, a video, a picture, a quoted pattern such as 'videos/**/*.mp4', or - for a
    list of files on standard input. Each video and each group of pictures gets one result file;
    existing results are kept, so the same command continues an interrupted run. Unreadable files
    are listed in failures.jsonl with the reason, and the exit code is 1.

    \b
    Examples:
        fer-edge archive videos/ --out results/ --dry-run
        fer-edge archive videos/ photos/ --out results/ --split 30
        find . -name '*.mkv' -print0 | fer-edge archive - --out results/ --every-seconds 1
        fer-edge archive /shared/videos --out /shared/results --ray 10.0.0.1:6379
        fer-edge archive summarize results/
    """
    with ending_at_once():
        from .job import run_archive

    config = _config_of(context)
    if config.results.out is None:
        raise click.UsageError("Missing option '--out'. Pass the results folder.", context)
    if "" in places:
        raise click.UsageError("A PLACE is empty; expected a file, folder or pattern.", context)
    listed = sys.stdin.buffer if "-" in places else None
    named = [place for place in places if place != "-"]
    if config.engine.dry_run:
        _describe_work(config, named, listed)
        return
    with ExitStack() as opened, _stop_by_sigterm():
        try:
            ended = run_archive(
                config,
                named,
                _open_engine(config, opened),
                listed=listed,
                on_start=_say_start,
            )
        except KeyboardInterrupt as stop:
            click.echo("fer-edge: stopped; the same command continues from here", err=True)
            context.exit(TERMINATED if isinstance(stop, _Terminated) else INTERRUPTED)
    _say_end(ended, config)
    if ended.failed:
        context.exit(1)


def _config_of(context: click.Context) -> ArchiveConfig:
    def build(name: str, part: type) -> Any:
        given = {
            field: context.params[parameter_name(name, field)]
            for field, _ in option_fields(part)
            if parameter_name(name, field) in context.params
        }
        return part(**given)

    return ArchiveConfig(**{name: build(name, part) for name, part in PARTS.items()})


def _open_engine(config: ArchiveConfig, opened: ExitStack) -> "Engine":
    if config.engine.ray is None:
        from .pool import ProcessPool

        return ProcessPool(config.engine.workers)
    from .ray_cluster import RayCluster

    cluster = RayCluster(config.engine.ray, config.engine.workers)
    opened.callback(cluster.close)
    return cluster


class _Terminated(KeyboardInterrupt):
    """Raised for SIGTERM."""


@contextmanager
def _stop_by_sigterm() -> Iterator[None]:
    """Make SIGTERM stop the work like Ctrl-C, including the workers."""
    last_s = -math.inf

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last_s
        before_s, last_s = last_s, time.monotonic()
        if last_s - before_s >= SAME_REQUEST_S:
            raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say_start(work: "Work") -> None:
    from .progress import duration, length_s

    found = work.found
    hours = duration(sum(unit.length_s for unit in work.units))
    videos, pictures, units = len(found.videos), len(found.pictures), len(work.units)
    click.echo(
        f"{videos} video{'s' * (videos != 1)} ({hours}), "
        f"{pictures} picture{'s' * (pictures != 1)}: "
        f"{units} unit{'s' * (units != 1)}, {work.there} of them done before",
        err=True,
    )
    if work.known_failures:
        click.echo(
            f"skipped, since they failed before: {work.known_failures}; --retry reads them again",
            err=True,
        )
    if found.left_out:
        from fer_edge.pictures.folder import describe_kinds

        click.echo(f"skipped: {describe_kinds(found.left_out)}", err=True)
    if work.missing:
        click.echo(f"to read: {duration(sum(map(length_s, work.missing)))}", err=True)


def _say_end(ended: "Ended", config: ArchiveConfig) -> None:
    from .failures import FAILURES
    from .progress import duration

    click.echo(
        f"{ended.done} units read ({duration(ended.seconds)} of video, {ended.frames} "
        f"frames, {ended.faces} faces), {ended.before} already done, {ended.failed} failed"
        + (f", {ended.lost} workers lost" if ended.lost else "")
    )
    if ended.failed:
        place = without_controls(f"{config.results.out}/{FAILURES}")
        click.echo(f"fer-edge: failures: {place}", err=True)


def _describe_work(config: ArchiveConfig, places: Sequence[str], listed: BinaryIO | None) -> None:
    """Count, estimate, and write nothing."""
    from pathlib import Path

    from .estimate import estimate
    from .failures import Failures
    from .job import plan_work
    from .pool import ProcessPool
    from .progress import duration
    from .settings import resolve_settings

    settings = resolve_settings(config)
    failures = Failures(Path(config.results.out or ""))
    work = plan_work(config, settings, places, listed, failures)
    _say_start(work)
    for path, reason in work.found.missing:
        click.echo(f"fer-edge: {path} {reason}", err=True)
    found = estimate(work.missing, settings) if work.missing else None
    workers = ProcessPool(config.engine.workers).workers
    if found is None:
        click.echo(
            "nothing to read" if not work.missing else "no estimate: no sample could be read"
        )
        return
    click.echo(
        f"about {duration(found.wall_s(work.missing, workers))} on {workers} workers of this "
        f"machine: each processes {found.speed:.1f} s of video per second, with "
        f"{found.faces_hz:.0f} faces per second of video"
    )
