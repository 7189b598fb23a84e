"""Overhead of the pool of `fer-edge archive`, and of Ray, over a plain loop.

The figures are in docs/lab-notes/archive.md.

    python -m benchmarks.archive_overhead --clips 160
    python -m benchmarks.archive_overhead --clips 160 --ray local    # environment of make test-ray
    export RAY_AUTH_MODE=disabled; ray start --head --port 6380
    python -m benchmarks.archive_overhead --clips 160 --ray 127.0.0.1:6380 --anyway

Clips with a moving head, three seconds long by default, are processed by a plain loop in one
process, by a pool of one process per core, and by Ray, in turns. The ideal is the plain loop's time
divided by the number of cores. The start of the pool and of a local Ray is included; the start of
Python is not.
"""

import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from fer_edge.runtime.archive.engine import Engine, PlainLoop
from fer_edge.runtime.archive.job import run_archive
from fer_edge.runtime.archive.pool import ProcessPool
from tests.support.archives import RATE_HZ, config, make_clip

QUIET_LOAD = 0.5


def make_clips(folder: Path, count: int, seconds: int) -> None:
    """Write different clips."""
    for number in range(count):
        make_clip(
            folder / f"{number // 20:02}" / f"{number:04}.mp4",
            frames=RATE_HZ * seconds,
            seed=number,
        )


def measure(name: str, open_engine: Callable[[], Engine], videos: Path, clips: int) -> float:
    """Process all clips into an empty folder; return the wall time in seconds."""
    out = videos.parent / name
    shutil.rmtree(out, ignore_errors=True)
    started_s = time.monotonic()
    engine = open_engine()
    ended = run_archive(config(out), [str(videos)], engine)
    close = getattr(engine, "close", None)
    if close is not None:
        close()
    wall_s = time.monotonic() - started_s
    if ended.done != clips:
        raise click.ClickException(f"{name}: {ended.done} of {clips} clips were read")
    return wall_s


def open_ray(address: str, cores: int) -> Engine:
    """Connect to Ray, or start it on this machine."""
    from fer_edge.runtime.archive.ray_cluster import RayCluster

    return RayCluster(address, cores)


@click.command()
@click.option("--clips", type=click.IntRange(1), default=160, show_default=True)
@click.option(
    "--seconds", type=click.IntRange(1), default=3, show_default=True, help="Length of a clip."
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--ray", metavar="local|HOST:PORT", help="Also measure Ray: start it, or connect to it."
)
@click.option("--anyway", is_flag=True, help="Measure although other programs are running.")
def main(clips: int, seconds: int, rounds: int, ray: str | None, anyway: bool) -> None:
    """Measure all engines in turns, and print medians and ratios."""
    load = os.getloadavg()[0]
    if load > QUIET_LOAD and not anyway:
        raise click.ClickException(
            f"the load of this machine is {load:.1f}, expected less than {QUIET_LOAD}; wait, or "
            "pass --anyway"
        )
    cores = len(os.sched_getaffinity(0))
    engines: dict[str, Callable[[], Engine]] = {
        "plain loop": PlainLoop,
        "pool": lambda: ProcessPool(cores),
    }
    if ray:
        engines["ray"] = lambda: open_ray(ray, cores)
    times: dict[str, list[float]] = {name: [] for name in engines}
    with tempfile.TemporaryDirectory() as folder:
        videos = Path(folder) / "videos"
        make_clips(videos, clips, seconds)
        measure("warm-up", PlainLoop, videos, clips)
        for _ in range(rounds):
            for name, open_engine in engines.items():
                times[name].append(measure(name, open_engine, videos, clips))
    medians = {name: statistics.median(found) for name, found in times.items()}
    ideal_s = medians["plain loop"] / cores
    click.echo(f"{clips} clips of {seconds} s, {cores} cores, load {load:.2f} before")
    for name, found in medians.items():
        spread = ", ".join(f"{value:.1f}" for value in times[name])
        click.echo(f"{name:12} {found:6.1f} s ({spread}), {found / ideal_s:.2f} of ideal")
    if ray:
        click.echo(f"ray: {medians['ray'] / medians['pool']:.2f} of the pool")
    memory_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    click.echo(f"memory of the largest worker: {memory_mib:.0f} MiB")


if __name__ == "__main__":
    main()
