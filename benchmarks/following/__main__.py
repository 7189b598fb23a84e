"""Tracking by optical flow, by detection in every frame, or by detection around each face.

    python -m benchmarks.following --photo group.jpg --clip talking.mp4 --clip walking.mp4

Prints for each method: CPU time per frame (the minimum of some passes, methods in turns), jitter of
the boxes, overlap with known faces, identity switches, and the number of frames until a new face is
tracked.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import cv2
import numpy as np

from fer_edge import Frame, SourceError, Track, Tracker, open_detector, open_source
from fer_edge.runtime.tracking.flow_tracker import FaceTracker

from ..command import PATH, Benchmark
from .made_clip import RATE_HZ, make_clip
from .measures import against_known, jitter
from .region_tracker import RegionTracker

Ways = dict[str, Callable[[], Tracker]]


def ways(sizes: Sequence[int], every: Sequence[int]) -> Ways:
    """Return a function that creates the tracker of each method, by name."""
    found: Ways = {}
    for size in sizes:
        for frames in every:
            name = f"{size} px, every {frames}"
            found[f"flow, {name}"] = lambda size=size, frames=frames: FaceTracker(
                open_detector("yunet", long_side_px=size), every=frames
            )
            if frames > 1:
                found[f"regions, {name}"] = lambda size=size, frames=frames: RegionTracker(
                    open_detector("yunet", long_side_px=size),
                    open_detector("yunet", long_side_px=64, min_score=0.4),
                    every=frames,
                )
    return found


@click.command(cls=Benchmark)
@click.option("--photo", type=PATH, required=True, help="Several faces, for synthetic clips.")
@click.option("--clip", "clips", type=PATH, multiple=True, help="Real clips.")
@click.option("--size", "sizes", type=int, multiple=True, default=(320,), show_default=True)
@click.option("--every", type=int, multiple=True, default=(1, 2, 3, 5, 10), show_default=True)
@click.option("--passes", default=5, show_default=True, type=click.IntRange(1))
def main(
    photo: Path,
    clips: tuple[Path, ...],
    sizes: tuple[int, ...],
    every: tuple[int, ...],
    passes: int,
) -> None:
    """Compare tracking methods."""
    image = cv2.imread(str(photo))
    if image is None:
        raise SourceError(f"{photo} cannot be read as a photograph")
    picture = image.astype(np.uint8, copy=False)
    known = [make_clip(picture, frames=150, seed=seed) for seed in range(3)]
    real = {path.name: [frame for frame in open_source(str(path))] for path in clips}
    made = {f"made {seed}": [item.frame for item in clip] for seed, clip in enumerate(known)}
    chosen = ways(sizes, every)
    cpu_ms = {name: {} for name in chosen}
    tracks: dict[str, dict[str, list[list[Track]]]] = {name: {} for name in chosen}
    with click.progressbar(range(passes), label="measuring") as bar:
        for _ in bar:
            for clip, frames in {**real, **made}.items():
                for name, make in chosen.items():
                    found, took_ms = _follow(make(), frames)
                    tracks[name][clip] = found
                    cpu_ms[name][clip] = min(took_ms, cpu_ms[name].get(clip, took_ms))
    for name, make in chosen.items():
        click.echo(f"{name}: {_delay_frames(make, picture):.1f} frames until a new face is seen")
        for clip in real:
            click.echo(
                f"  {clip:36} {cpu_ms[name][clip]:5.2f} ms, {_described(tracks[name][clip])}"
            )
        for clip, items in zip(made, known, strict=True):
            found = against_known(tracks[name][clip], items)
            click.echo(f"  {clip:36} {cpu_ms[name][clip]:5.2f} ms, {found.describe()}")


def _described(tracks: list[list[Track]]) -> str:
    numbers = {track.number for found in tracks for track in found}
    boxes = sum(map(len, tracks))
    return f"jitter {jitter(tracks):.4f}, {len(numbers)} numbers, {boxes} boxes"


def _follow(tracker: Tracker, frames: Sequence[Frame]) -> tuple[list[list[Track]], float]:
    tracker.follow(frames[0])  # the first detection prepares the interpreter
    began_s = time.process_time()
    found = [tracker.follow(frame) for frame in frames]
    return found, 1e3 * (time.process_time() - began_s) / len(frames)


def _delay_frames(make: Callable[[], Tracker], photo: np.ndarray) -> float:
    """Return the mean number of frames between a face's first one and its first track."""
    picture = cv2.resize(photo, (640, 640 * photo.shape[0] // photo.shape[1])).astype(np.uint8)
    empty = np.full_like(picture, 90)
    delays = []
    for begin in range(20, 30):
        tracker = make()
        for index in range(begin + 15):
            image = picture if index >= begin else empty
            if tracker.follow(Frame(image, index, index / RATE_HZ, "made")):
                delays.append(index - begin)
                break
    return float(np.mean(delays)) if delays else float("nan")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.following")
