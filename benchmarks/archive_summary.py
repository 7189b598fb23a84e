"""Peak memory and time of `fer-edge archive summarize` on synthetic rows.

The figures are in docs/lab-notes/archive.md.

    python -m benchmarks.archive_summary

Each video has half an hour at 25 frames per second with two faces, or 90,000 rows; one in ten is
ten times as long. The rows are written like those of `fer-edge archive`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from fer_edge.faces.labels import FER2013
from fer_edge.runtime.archive.footer import Footer
from fer_edge.runtime.archive.result_file import new_result
from fer_edge.runtime.archive.rows import ROWS_AT_ONCE, Rows

RATE_HZ = 25
FRAMES = 45_000

_FOOTER = Footer(
    source="",
    source_id="",
    kind="video",
    number=0,
    count=1,
    stamp="",
    settings="made",
    options=json.dumps({"made": True}),
    version="",
    labels=FER2013,
    start_s=0.0,
    source_s=0.0,
    can_seek=True,
    frames=0,
    seconds=0.0,
    rows=0,
)


def make_results(out: Path, rows: int, frames: int) -> int:
    """Write results with about the given number of rows; return the number of videos."""
    video = 0
    while rows > 0:
        of_video = frames * (10 if video % 10 == 9 else 1)
        rows -= _make_video(out, video, min(of_video, max(1, rows // 2)))
        video += 1
    return video


def _make_video(out: Path, number: int, frames: int) -> int:
    random = np.random.default_rng(number)
    source, source_id = f"/archive/room-{number % 7}/{number:05}.mp4", f"{number:016x}"
    with new_result(out, f"{source_id[-2:]}/{number:05}.mp4-{source_id}", "parquet") as writer:
        for start in range(0, 2 * frames, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, 2 * frames - start)
            writer.write(_rows(random, source, np.arange(start, start + count)))
        seconds = frames / RATE_HZ
        writer.finish(
            replace(
                _FOOTER,
                source=source,
                source_id=source_id,
                source_s=seconds,
                seconds=seconds,
                frames=frames,
                rows=2 * frames,
            )
        )
    return 2 * frames


def _rows(random: np.random.Generator, source: str, places: "np.ndarray") -> Rows:
    """Create two faces per frame, with new tracks every minute and new labels every two seconds."""
    count, frame = len(places), places // 2
    label = (frame // 50 * 7 + places % 2 * 3 + random.integers(0, 2, count)) % (len(FER2013) + 1)
    names = np.array([*FER2013, "uncertain"], object)[label]
    shares = random.dirichlet(np.ones(len(FER2013)), count).astype(np.float32)
    return Rows(
        {"source": [source] * count, "label": names.tolist()},
        {
            "span": np.zeros(count, np.int16),
            "frame": frame.astype(np.int32),
            "time_s": frame / RATE_HZ,
            "seconds": np.full(count, 1 / RATE_HZ, np.float32),
            "face": (places % 2).astype(np.int16),
            "track": (frame // 1500 * 2 + places % 2 + 1).astype(np.int32),
            **{
                edge: random.normal(200, 50, count).astype(np.float32)
                for edge in ("left", "top", "right", "bottom")
            },
            "detection": random.uniform(0.6, 1, count).astype(np.float32),
            **{f"p_{name}": shares[:, at] for at, name in enumerate(FER2013)},
        },
    )


@click.command()
@click.option("--rows", type=click.IntRange(1), default=10_000_000, show_default=True)
@click.option("--frames", type=click.IntRange(1), default=FRAMES, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to keep the results in.")
def main(rows: int, frames: int, out: Path | None) -> None:
    """Create rows, summarize them in a separate process, and print the cost."""
    with tempfile.TemporaryDirectory() as folder:
        results = out or Path(folder) / "results"
        videos = make_results(results, rows, frames)
        size = sum(path.stat().st_size for path in results.rglob("*.parquet"))
        click.echo(f"{rows} rows of {videos} videos, {size / 1e6:.0f} MB of Parquet")
        started_s = time.monotonic()
        command = [sys.executable, "-m", "fer_edge", "archive", "summarize", str(results)]
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - started_s
        click.echo(
            f"summarize: exit code {process.returncode}, {wall_s:.1f} s, peak memory "
            f"{usage.ru_maxrss / 1024:.0f} MiB"
        )


if __name__ == "__main__":
    main()
