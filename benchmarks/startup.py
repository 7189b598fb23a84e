"""Time of `fer-edge run` until its first line, and its peak memory.

New processes run one after the other. Each writes the clip's JSON lines to a pipe, an annotated
video and a CSV file. Measured are: the seconds from the start to the first line; the CPU time until
then, which depends less on other work on the machine; and the peak resident memory (the kernel's
VmHWM, which `wait4` reports as `ru_maxrss`).

An installed package has byte code for its modules. A checkout may have none, and with
PYTHONDONTWRITEBYTECODE each process would compile all modules. Here the first process writes the
byte code, and is not counted.

    python -m benchmarks.startup --clip clip.mp4
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

RUN = (sys.executable, "-m", "fer_edge", "run", "--input")


@click.command()
@click.option("--clip", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--times", default=11, show_default=True, type=click.IntRange(1))
def main(clip: Path, times: int) -> None:
    """Print the median and the range of each measurement."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        outputs = ("--video", f"{folder}/faces.mp4", "--csv", f"{folder}/faces.csv")
        for _ in range(1 + times):
            rows.append(_measure((*RUN, str(clip), *outputs), environment))
    del rows[0]
    click.echo(f"{clip.name} to JSON lines, --video and --csv, {times} fresh processes, medians")
    names = ("first JSON line", "s"), ("processor time until then", "s"), ("peak memory", "MB")
    for (name, unit), samples in zip(names, zip(*rows, strict=True), strict=True):
        low, median, high = np.percentile(samples, [0, 50, 100])
        click.echo(f"  {name:26}{median:7.2f} {unit} [{low:.2f}, {high:.2f}]")


def _measure(command: tuple[str, ...], environment: dict[str, str]) -> tuple[float, float, float]:
    """Return seconds and CPU seconds until the first line, and peak memory in 10^6 bytes."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    first_s = time.perf_counter() - started
    cpu_s = _processor_s(process.pid)
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or not line:
        raise click.ClickException(f"{' '.join(command)} ended with {process.returncode}")
    # a child's ru_maxrss starts at that of its parent, which is smaller here, since this module
    # does not import OpenCV
    return first_s, cpu_s, 1024 * usage.ru_maxrss / 1e6


def _processor_s(pid: int) -> float:
    """Return the CPU time of a process, including its threads (proc(5), stat)."""
    behind_name = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(behind_name[11]) + int(behind_name[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
