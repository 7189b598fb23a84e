"""Test of the stability of long runs: two live runs, observed from outside.

Both read a network camera on loopback. They write JSON lines, serve the page to a viewer for ten
seconds per minute, and publish to a real Mosquitto. The stream of one run never ends. The stream of
the other ends after 20 frames and is reopened thousands of times per hour, alternating between
H.264 and Motion JPEG.

    python -m benchmarks.soak --hours 24

Memory, threads and file descriptors are sampled twelve times per minute. The exit code is 1 if the
memory in the last quarter of an hour is more than 2% above that in the first one after the warm-up,
if the number of threads or descriptors is larger, or if a run has ended.
"""

import json
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import click

from ..command import PATH, Benchmark
from .camera import Camera, camera
from .look import Look, joined, look
from .report import Sample, as_json, draw, judge, table
from .runs import Watched, broker, runs, view

_LOOKS = 12
_VIEWED_FROM = 4
"""Number of the sample before which the viewer connects; it leaves before the minute ends."""


@click.command(cls=Benchmark)
@click.option("--hours", default=24.0, show_default=True, type=click.FloatRange(min=0.01))
@click.option("--settle", default=10.0, show_default=True, help="Minutes of warm-up.")
@click.option("--fps", default=4.0, show_default=True, type=click.FloatRange(0.1, 1000))
@click.option(
    "--out", type=PATH, default=Path("soak"), show_default=True, help="Folder for the results."
)
@click.option("--json", "shows_json", is_flag=True, help="Print JSON instead of the table.")
def main(hours: float, settle: float, fps: float, out: Path, shows_json: bool) -> None:
    """Start the runs, sample them every minute, and report."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Sample]] = {}
    try:
        _watch(hours * 3600, fps, settle, out, found)
    except KeyboardInterrupt:
        click.echo("interrupted; the report covers the time until now", err=True)
    draw(found, settle, out / "soak.svg")
    click.echo(json.dumps(as_json(found, settle)) if shows_json else table(found, settle))
    verdicts = [judge(samples, settle) for samples in found.values()]
    sys.exit(not all(verdict is not None and verdict.passes for verdict in verdicts))


def _watch(
    seconds: float, fps: float, settle: float, out: Path, found: dict[str, list[Sample]]
) -> None:
    with ExitStack() as stack:
        eye = stack.enter_context(camera(fps))
        port = stack.enter_context(broker(out))
        watched = stack.enter_context(runs(eye, port, out))
        viewer = stack.enter_context(ThreadPoolExecutor(len(watched)))
        started_s = time.monotonic()
        while (elapsed_s := time.monotonic() - started_s) < seconds:
            samples = _minute(watched, eye, viewer, started_s, elapsed_s)
            for run, sample in zip(watched, samples, strict=True):
                found.setdefault(run.name, []).append(sample)
                click.echo(_line(run, sample), err=True)
            (out / "soak.json").write_text(json.dumps(as_json(found, settle)), "utf-8")


def _minute(
    watched: list[Watched],
    eye: Camera,
    viewer: ThreadPoolExecutor,
    started_s: float,
    elapsed_s: float,
) -> list[Sample]:
    looks: dict[str, list[Look]] = {run.name: [] for run in watched}
    views: list[Future[int]] = []
    for number in range(1, _LOOKS + 1):
        if number == _VIEWED_FROM:
            views = [viewer.submit(view, run) for run in watched]
        due_s = started_s + elapsed_s + number * 60 / _LOOKS
        time.sleep(max(0.0, due_s - time.monotonic()))
        is_viewed = not all(each.done() for each in views)
        for run in watched:
            if run.process.poll() is not None:
                raise click.ClickException(f"{run.name} ended by {run.process.returncode}")
            if not is_viewed:  # a viewer's connection is not a leak
                looks[run.name].append(look(run.process.pid))
    minute = (time.monotonic() - started_s) / 60
    return [
        Sample(
            minute,
            joined(looks[run.name]),
            run.frames(),
            eye.opened.get(run.name, 0),
            each.result(),
        )
        for run, each in zip(watched, views, strict=True)
    ]


def _line(run: Watched, sample: Sample) -> str:
    held = sample.look
    return (
        f"{sample.minute:7.1f} min {run.name:>6} {sample.frames:9,d} frames {sample.opened:7,d} "
        f"opened {held.rss_kib / 1024:7.1f} MiB ({held.anonymous_kib / 1024:.1f} without files) "
        f"{held.threads} threads {held.files} files"
    )


if __name__ == "__main__":
    main()
