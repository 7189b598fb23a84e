"""Load tests: correct operation and memory use.

    python -m benchmarks.load sources     # eight cameras in one process, or in eight
    python -m benchmarks.load viewers     # 64 viewers of the page
    python -m benchmarks.load faces       # 500 faces in a frame
    python -m benchmarks.load pixels      # a frame of 8K

The exit code is 1 if a test fails.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from ..command import Benchmark
from ..soak.camera import camera
from ..soak.look import look
from ..soak.runs import free_port
from .large import as_picture, as_video, crowd, read, vast
from .sources import in_processes, in_threads
from .viewers import watch

_MOST_MIB = 1024


@click.group()
def main() -> None:
    """Run load tests."""


@main.command(cls=Benchmark)
@click.option("--count", default=8, show_default=True, type=click.IntRange(1))
@click.option("--fps", default=10.0, show_default=True)
@click.option("--seconds", default=30.0, show_default=True)
def sources(count: int, fps: float, seconds: float) -> None:
    """Read several cameras, in one process and in one process each."""
    with camera(fps) as eye, tempfile.TemporaryDirectory() as folder:
        addresses = [eye.address("steady")] * count
        for name, read_all in (("processes", in_processes), ("threads", in_threads)):
            cost = read_all(addresses, Path(folder), seconds)
            click.echo(f"{count} {name:9} {cost}")


@main.command(cls=Benchmark)
@click.option("--count", default=64, show_default=True, type=click.IntRange(1))
@click.option("--fps", default=10.0, show_default=True)
@click.option("--seconds", default=30.0, show_default=True)
def viewers(count: int, fps: float, seconds: float) -> None:
    """Open one page in many viewers at once."""
    with camera(fps) as eye:
        port = free_port()
        command = [sys.executable, "-m", "fer_edge", "run", "--input", eye.address("steady")]
        process = subprocess.Popen([*command, "--quiet", "--web", f"127.0.0.1:{port}"])
        try:
            time.sleep(5)
            page, faults = f"http://127.0.0.1:{port}", set[str]()
            for number in (0, 1, count, 0, count, 0):
                before = look(process.pid)
                found = watch(page, number, seconds) if number else time.sleep(seconds) or []
                after = look(process.pid)
                pictures = [viewer.pictures / seconds for viewer in found] or [0.0]
                events = [viewer.events / seconds for viewer in found] or [0.0]
                faults |= {viewer.fault for viewer in found if viewer.fault}
                click.echo(
                    f"{number:3} viewers, pictures a second {min(pictures):.1f} to "
                    f"{max(pictures):.1f}, events {min(events):.1f} to {max(events):.1f}, "
                    f"{after.rss_kib / 1024:.0f} MiB, {after.threads} threads, {after.files} files"
                    f", {(after.cpu_s - before.cpu_s) / seconds:.0%} of a core"
                )
        finally:
            process.terminate()
            process.wait()
    if faults:
        raise click.ClickException("; ".join(sorted(faults)))


@main.command(cls=Benchmark)
@click.option("--count", default=500, show_default=True, type=click.IntRange(1))
def faces(count: int) -> None:
    """Read a frame with many faces."""
    image = crowd(count)
    options = ("--max-faces", str(count), "--detect-size", str(max(image.shape)))
    with tempfile.TemporaryDirectory() as folder:
        picture = read(as_picture(image, Path(folder) / "crowd.jpg"), *options)
        click.echo(f"picture of {image.shape[1]}x{image.shape[0]}: {picture}")
        video = read(as_video(image, Path(folder) / "crowd.mkv", 10), *options)
        click.echo(f"video of the same:      {video}")
    _check([picture.faces == count, video.faces == count], picture.peak_mib, video.peak_mib)


@main.command(cls=Benchmark)
def pixels() -> None:
    """Read a frame of 8K, 7680x4320."""
    image = vast()
    with tempfile.TemporaryDirectory() as folder:
        picture = read(as_picture(image, Path(folder) / "vast.jpg"))
        click.echo(f"picture of 8K: {picture}")
        video = read(as_video(image, Path(folder) / "vast.mkv", 20))
        click.echo(f"video of 8K:   {video}")
    _check([picture.faces == 1, video.faces == 1], picture.peak_mib, video.peak_mib)


def _check(found: list[bool], *peaks_mib: float) -> None:
    if not all(found):
        raise click.ClickException("expected every face to be found")
    if max(peaks_mib) > _MOST_MIB:
        raise click.ClickException(f"expected {_MOST_MIB} MiB at most, got {max(peaks_mib):.0f}")


if __name__ == "__main__":
    main()
