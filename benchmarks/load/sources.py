"""Several cameras, each in a separate process, or all in one process."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from ..soak.look import look

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of reading a number of cameras for some seconds.

    Attributes:
        pss_mib: Memory of all processes in MiB; shared memory counts once.
        frames: Number of frames processed by all of them.
        cpu_ms: CPU time per frame, from decoding to writing its line.
        median_ms: Median latency from a frame to its line, including the wait for the CPU.
        p95_ms: 95th percentile of that latency.
        dropped: Number of frames that arrived while another frame was processed.
    """

    pss_mib: float
    frames: int
    cpu_ms: float
    median_ms: float
    p95_ms: float
    dropped: int

    def __str__(self) -> str:
        return (
            f"{self.pss_mib:7.0f} MiB {self.frames:6,d} frames {self.cpu_ms:6.2f} ms of processor "
            f"a frame, latency {self.median_ms:6.2f} ms, p95 {self.p95_ms:6.2f} ms, "
            f"{self.dropped} dropped"
        )


def in_processes(addresses: Sequence[str], folder: Path, seconds: float) -> Cost:
    """Read each camera in a separate process, as services do."""
    files = [folder / f"process-{number}.jsonl" for number in range(len(addresses))]
    run = (sys.executable, "-m", "fer_edge", "run", "--quiet", "--input")
    commands = [
        [*run, address, "--jsonl", str(file)]
        for address, file in zip(addresses, files, strict=True)
    ]
    with _started(commands) as pids:
        return _measured(pids, files, seconds)


def in_threads(addresses: Sequence[str], folder: Path, seconds: float) -> Cost:
    """Read all cameras in one process, each in a thread with its own follower."""
    files = [folder / f"thread-{number}.jsonl" for number in range(len(addresses))]
    command = [sys.executable, "-m", "benchmarks.load.threads", str(folder), *addresses]
    with _started([command]) as pids:
        return _measured(pids, files, seconds)


@contextmanager
def _started(commands: Sequence[list[str]]) -> Iterator[list[int]]:
    with ExitStack() as ends:
        pids = []
        for command in commands:
            process = subprocess.Popen(command)
            ends.callback(process.wait)
            ends.callback(process.terminate)
            pids.append(process.pid)
        yield pids


def _measured(pids: Sequence[int], files: Sequence[Path], seconds: float) -> Cost:
    end_s = time.monotonic() + _PATIENCE_S
    while not all(_size(file) > 5000 for file in files):
        if time.monotonic() > end_s:
            raise click.ClickException("not every camera was read after a minute")
        time.sleep(0.1)
    starts = [_size(file) for file in files]
    cpu_s = -sum(look(pid).cpu_s for pid in pids)
    time.sleep(seconds)
    looks = [look(pid) for pid in pids]
    cpu_s += sum(each.cpu_s for each in looks)
    lines = [
        json.loads(line)
        for file, start in zip(files, starts, strict=True)
        for line in _whole_lines(file, start)
    ]
    totals = sorted(line["times_ms"]["total"] for line in lines)
    return Cost(
        pss_mib=sum(each.pss_kib for each in looks) / 1024,
        frames=len(lines),
        cpu_ms=1000 * cpu_s / max(1, len(lines)),
        median_ms=statistics.median(totals),
        p95_ms=totals[int(0.95 * len(totals))],
        dropped=sum(json.loads(_whole_lines(file, 0)[-1])["dropped"] for file in files),
    )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _whole_lines(file: Path, start: int) -> list[bytes]:
    with file.open("rb") as opened:
        opened.seek(start)
        return opened.read().split(b"\n")[(start > 0) : -1]
