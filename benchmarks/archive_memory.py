"""Memory of a worker of `fer-edge archive`, by size and length of its video.

The figures are in docs/lab-notes/archive.md.

    python -m benchmarks.archive_memory

Each video is processed by a separate process, like in a worker.
"""

import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import click
import cv2

from fer_edge.runtime.archive.engine import PlainLoop
from fer_edge.runtime.archive.job import run_archive
from fer_edge.runtime.archive.work import use_one_core
from tests.support.archives import RATE_HZ, config, head

VIDEOS = ((640, 360, 100), (640, 360, 2000), (1920, 1080, 100), (3840, 2160, 60))
"""Width, height and number of frames."""


def make_video(path: Path, width: int, height: int, frames: int) -> None:
    """Write a video of a moving head in H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for number in range(frames):
            image = cv2.resize(head(number % 24), (width, height))
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def read(video: Path) -> None:
    """Process a video like a worker."""
    use_one_core()
    run_archive(config(video.with_suffix("")), [str(video)], PlainLoop())


@click.command()
@click.argument("video", required=False, type=click.Path(path_type=Path))
def main(video: Path | None) -> None:
    """Measure all videos; VIDEO is for the processes that this command starts."""
    if video is not None:
        read(video)
        return
    with tempfile.TemporaryDirectory() as folder:
        for width, height, frames in VIDEOS:
            path = Path(folder) / f"{width}x{height}-{frames}.mp4"
            make_video(path, width, height, frames)
            command = [sys.executable, "-m", "benchmarks.archive_memory", str(path)]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise click.ClickException(f"{path.name} could not be read")
            click.echo(f"{width}x{height}, {frames} frames: {usage.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
