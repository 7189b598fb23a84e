"""Does a run of months stay as it was after a minute? A looped clip at full speed, for 20 minutes.

Reads the clip over and over through what `fer-edge run` uses (decoder, follower, JSON lines and
annotated pictures into nothing), and looks at its own memory, threads and file descriptors.

    python -m benchmarks.soak --clip clip.mp4

Exit code 1 if memory at the end is more than 2 % above that after the first minute, or if a thread
or a file descriptor was leaked.
"""

import os
import sys
import threading
import time
from pathlib import Path

import click

from fer_edge.bundled import DEFAULT_MODEL
from fer_edge.runtime import open_source
from fer_edge.runtime.drawing.annotation import annotate
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.outputs.json_lines import JsonLines
from fer_edge.runtime.reading.following import open_follower


@click.command()
@click.option("--clip", type=click.Path(path_type=Path), required=True)
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--minutes", default=20.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--settle", default=1.0, show_default=True, help="Minutes before the first look.")
def main(clip: Path, model: str, minutes: float, settle: float) -> None:
    """Loop, look, and say."""
    started, first, frames, rounds = time.monotonic(), None, 0, 0
    next_look = settle * 60
    with Path(os.devnull).open("w") as nowhere, open_follower(model) as follower:
        sink = JsonLines(nowhere)
        while (elapsed_s := time.monotonic() - started) < minutes * 60:
            source = open_source(clip)
            for frame in source:
                # the clock goes on from round to round, as a camera's does
                now_s = rounds * 3600 + frame.time_s
                result = follower.read_frame(Frame(frame.image, frames, now_s, frame.name))
                sink.write(result)
                annotate(frame.image, result.readings)
                frames += 1
            source.close()
            rounds += 1
            if elapsed_s >= next_look:
                look = _look()
                first = first or look
                click.echo(f"{elapsed_s / 60:5.1f} min  {frames:8d} frames  {_say(look)}")
                next_look += 60
    if first is None:
        raise click.ClickException("too short: nothing was looked at; raise --minutes")
    last = _look()
    growth = last[0] / first[0] - 1
    click.echo(f"after {settle:g} min {_say(first)}; at the end {_say(last)}; memory {growth:+.2%}")
    sys.exit(int(growth > 0.02 or last[1] > first[1] or last[2] > first[2]))


def _look() -> tuple[float, int, int]:
    """Return resident memory in MB, threads, and open file descriptors."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    memory_mb = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return memory_mb, threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def _say(look: tuple[float, int, int]) -> str:
    return f"{look[0]:.1f} MB, {look[1]} threads, {look[2]} files"


if __name__ == "__main__":
    main()
