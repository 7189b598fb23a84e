"""Does a run of months stay as it was after a minute? A looped clip at full speed, for 20 minutes.

Goes through what `fer-edge run` uses: decoder, tracker, follower, pipeline, JSON lines (into
nothing), drawn pictures, summary. The clip is opened once and rewound at its end, as a camera is
opened once: FFmpeg's threads leave a little memory behind at each opening. Its clock goes on.

    python -m benchmarks.soak --clip clip.mp4

Exit code 1 if memory at the end is more than 2 % above that after the first minute, or if a thread
or a file descriptor was leaked.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.video import Video
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.drawing.annotation import annotate
from fer_edge.runtime.publish.files.json_lines import JsonLines
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.publish.summary import Summary
from fer_edge.runtime.recognition.follower import Follower
from fer_edge.runtime.recognition.result import Result
from fer_edge.runtime.tracking.flow_tracker import open_tracker

from .command import PATH, Benchmark


@dataclass(frozen=True, slots=True)
class Look:
    """What the process holds: resident memory in MiB, threads, open file descriptors."""

    memory_mib: float
    threads: int
    files: int

    def __str__(self) -> str:
        return f"{self.memory_mib:.1f} MiB, {self.threads} threads, {self.files} files"


def look() -> Look:
    """Look at this process."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    memory_mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Look(memory_mib, threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))


class Loop:
    """A clip, over and over, for some seconds; implements `Source`."""

    is_video, is_live, length, dropped = True, False, None, 0

    def __init__(self, clip: Path, seconds: float) -> None:
        self._video = Video(clip)
        self._clip, self._seconds = clip, seconds
        self.frame_rate_hz = self._video.frame_rate_hz

    def __iter__(self) -> Iterator[Frame]:
        started, index = time.monotonic(), 0
        while True:
            for frame in self._video:
                if time.monotonic() - started >= self._seconds:
                    return
                yield Frame(frame.image, index, index / self.frame_rate_hz, "loop")
                index += 1
            self._video.close()
            self._video = Video(self._clip)

    def close(self) -> None:
        """Close the clip."""
        self._video.close()


class Looker:
    """Draws each frame, and looks at the process every minute; implements `Sink`."""

    def __init__(self, settle_s: float) -> None:
        self.first: Look | None = None
        self._started = time.monotonic()
        self._next_s = settle_s
        self._frames = 0

    def write(self, result: Result) -> None:
        """Take one frame."""
        annotate(result.frame.image, result.faces)
        self._frames += 1
        elapsed_s = time.monotonic() - self._started
        if elapsed_s < self._next_s:
            return
        self._next_s += 60
        now = look()
        self.first = self.first or now
        click.echo(f"{elapsed_s / 60:5.1f} min {self._frames:9,d} frames  {now}")

    def close(self, *, complete: bool) -> None:
        """Refuse a run that was too short."""
        if complete and self.first is None:
            raise click.ClickException("too short: nothing was looked at; raise --minutes")


@click.command(cls=Benchmark)
@click.option("--clip", type=PATH, required=True)
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--minutes", default=20.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--settle", default=1.0, show_default=True, help="Minutes before the first look.")
def main(clip: Path, model: str, minutes: float, settle: float) -> None:
    """Loop, look, and say."""
    source, looker = Loop(clip, minutes * 60), Looker(settle * 60)
    opened, tracker = open_model(find_model(model)), open_tracker(open_detector("yunet"))
    with Path(os.devnull).open("w") as nowhere, Follower(opened, tracker) as follower:
        sinks = [
            partial(JsonLines, nowhere),
            partial(Summary, source, sys.stderr),
            lambda: looker,
        ]
        run_to_end(source, follower, sinks)
        last, first = look(), looker.first
    assert first is not None
    growth = last.memory_mib / first.memory_mib - 1
    click.echo(f"after {settle:g} min {first}; at the end {last}; memory {growth:+.2%}")
    sys.exit(int(growth > 0.02 or last.threads > first.threads or last.files > first.files))


if __name__ == "__main__":
    main()
