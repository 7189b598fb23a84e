"""Several trainings at once on one machine: more processes of the same command, on other GPUs."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fer_edge.child import module_command

VISIBLE = "CUDA_VISIBLE_DEVICES"
_DRIVER = Path("/proc/driver/nvidia/gpus")


def gpus(environment: Mapping[str, str], driver: Path = _DRIVER) -> list[str]:
    """Return the GPUs that this process may use, in the form of `CUDA_VISIBLE_DEVICES`."""
    if VISIBLE in environment:
        return [name for name in environment[VISIBLE].split(",") if name]
    return [str(number) for number, _ in enumerate(driver.iterdir())] if driver.is_dir() else []


@contextmanager
def sharing(jobs: int, arguments: Sequence[str]) -> Iterator[None]:
    """Let other processes search too while the block runs; then wait for them.

    Each process, including this one, gets one GPU, in turns; Keras must not be loaded yet.

    Args:
        jobs: Total number of processes, including this one.
        arguments: Arguments of `fer-edge` for the others.
    """
    devices = gpus(os.environ) if jobs > 1 else []
    others = []
    for number in range(1, jobs):
        own = {VISIBLE: devices[number % len(devices)]} if devices else {}
        command = module_command("fer_edge", *arguments)
        others.append(subprocess.Popen(command, env={**os.environ, **own}, stdout=2))
    if devices:
        os.environ[VISIBLE] = devices[0]
    try:
        yield
        for other in others:
            other.wait()
    finally:
        for other in others:
            if other.poll() is None:
                other.terminate()
                other.wait()
