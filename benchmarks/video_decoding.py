"""CPU time of decoding with PyAV and with OpenCV's VideoCapture.

Measures, in turns, the CPU time per frame from the file to a BGR array, with one thread and with
the library's own choice of threads. `fer-edge run` uses the latter for files.

    python -m benchmarks.video_decoding --clip clip.mp4
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np

from fer_edge.runtime.capture.video import Video

from .command import PATH, Benchmark


def by_opencv(clip: Path, threads: int) -> Iterator[object]:
    """Yield the frames; 0 threads is OpenCV's own choice."""
    parameters = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG, parameters)
    while (read := capture.read())[0]:
        yield read[1]
    capture.release()


def by_pyav(clip: Path, threads: int) -> Iterator[object]:
    """Yield the frames; 0 threads is FFmpeg's own choice."""
    video = Video(clip)
    if threads:
        video._stream.thread_type = "NONE"
    for frame in video:
        yield frame.image
    video.close()


WAYS = {
    "OpenCV, one thread": lambda clip: by_opencv(clip, 1),
    "PyAV, one thread": lambda clip: by_pyav(clip, 1),
    "OpenCV, its threads": lambda clip: by_opencv(clip, 0),
    "PyAV, its threads": lambda clip: by_pyav(clip, 0),
}


@click.command(cls=Benchmark)
@click.option("--clip", type=PATH, required=True)
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(2))
def main(clip: Path, rounds: int) -> None:
    """Print CPU time and wall time per frame, and PyAV's share of OpenCV's."""
    cpu_ms: dict[str, list[float]] = {name: [] for name in WAYS}
    wall_ms: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds + 1):
        for name, way in WAYS.items():
            cpu, wall = _time_ms(clip, way)
            cpu_ms[name].append(cpu)
            wall_ms[name].append(wall)
    click.echo(f"{clip.name}, {rounds} rounds after a warm-up, median [quartiles] per frame")
    for name in WAYS:
        low, median, high = np.percentile(cpu_ms[name][1:], [25, 50, 75])
        wall = np.median(wall_ms[name][1:])
        click.echo(
            f"  {name:20} {median:6.3f} ms of processor time [{low:.3f}, {high:.3f}], "
            f"{wall:.3f} ms of wall time"
        )
    for threads in ("one thread", "its threads"):
        pairs = zip(cpu_ms[f"PyAV, {threads}"][1:], cpu_ms[f"OpenCV, {threads}"][1:], strict=True)
        low, median, high = np.percentile([a / b for a, b in pairs], [25, 50, 75])
        click.echo(f"  PyAV over OpenCV, {threads}: {median:.3f} [{low:.3f}, {high:.3f}]")


def _time_ms(clip: Path, way: Callable[[Path], Iterator[object]]) -> tuple[float, float]:
    cpu_s, wall_s = time.process_time(), time.monotonic()
    count = sum(1 for _ in way(clip))
    if count == 0:
        raise click.ClickException(f"{clip} has no frame that can be decoded")
    cpu_ms = 1e3 * (time.process_time() - cpu_s) / count
    return cpu_ms, 1e3 * (time.monotonic() - wall_s) / count


if __name__ == "__main__":
    main()
