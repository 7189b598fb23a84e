"""Best size and interval of detection in videos.

For each size and interval, the mean over the clips of: the CPU time of detection and tracking per
frame, in one thread; the share of frames with a face, relative to the frames in which any setting
finds it; and the jitter of its box, that is the median of the second difference of its center and
height from frame to frame, in heights of the box. The jitter of a steady motion is 0.

    python -m benchmarks.detector_balance --clip one.mp4 --clip two.mp4
"""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.detection.yunet import YuNet
from fer_edge.runtime.tracking.flow_tracker import open_tracker

from .command import PATH, Benchmark


@click.command(cls=Benchmark)
@click.option("--clip", "clips", type=PATH, multiple=True, required=True)
@click.option("--size", "sizes", multiple=True, default=(160, 320, 480, 640), show_default=True)
@click.option("--every", "everies", multiple=True, default=(1, 2, 3, 5, 10), show_default=True)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
def main(
    clips: tuple[Path, ...], sizes: tuple[int, ...], everies: tuple[int, ...], rounds: int
) -> None:
    """Print a Markdown table of the means over all clips."""
    cv2.setNumThreads(1)
    settings = [(size, every) for size in sizes for every in everies]
    frames = [list(_frames(clip)) for clip in clips]
    rows: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
    for clip in frames:
        found = {setting: _follow(clip, *setting, rounds) for setting in settings}
        anywhere = np.any([~np.isnan(track[:, 0]) for track, _ in found.values()], axis=0)
        for setting, (track, frame_ms) in found.items():
            is_there = ~np.isnan(track[:, 0])
            share = float((is_there & anywhere).sum() / max(1, anywhere.sum()))
            rows.setdefault(setting, []).append((frame_ms, share, _tremble(track)))
    click.echo(f"{len(clips)} clips, {sum(map(len, frames))} frames, medians of {rounds} rounds\n")
    click.echo("| `--detect-size` | `--every` | ms a frame | frames with the face | tremble |")
    click.echo("| --- | --- | --- | --- | --- |")
    for (size, every), samples in rows.items():
        frame_ms, share, tremble = np.nanmean(samples, axis=0)
        click.echo(f"| {size} | {every} | {frame_ms:.2f} | {share:.3f} | {tremble:.4f} |")


def _frames(clip: Path) -> Iterator[Frame]:
    source = open_source(clip)
    yield from source
    source.close()


def _follow(
    frames: list[Frame], size: int, every: int, rounds: int
) -> tuple[NDArray[np.float64], float]:
    """Return the largest face's center, height and number by frame, and milliseconds per frame."""
    times = []
    for _ in range(rounds):
        tracker = open_tracker(YuNet(long_side_px=size), every=every)
        track = np.full((len(frames), 4), np.nan)
        started = time.process_time()
        for at, frame in enumerate(frames):
            faces = tracker.follow(frame)
            if faces:
                box, number = faces[0].box, faces[0].number
                center = (box.left + box.right) / 2, (box.top + box.bottom) / 2
                track[at] = *center, box.height, number
        times.append(1e3 * (time.process_time() - started) / len(frames))
    return track, float(np.median(times))


def _tremble(track: NDArray[np.float64]) -> float:
    before, now, after = track[:-2], track[1:-1], track[2:]
    same = (before[:, 3] == now[:, 3]) & (now[:, 3] == after[:, 3])
    second = abs(after - 2 * now + before)[same, :3].mean(axis=1)
    return float(np.median(second / now[same, 2])) if same.any() else float("nan")


if __name__ == "__main__":
    main()
