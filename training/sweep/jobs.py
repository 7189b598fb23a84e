"""Several trainings at once on one machine: more processes of the same command, on other GPUs."""

import logging
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import TrainingError

VISIBLE = "CUDA_VISIBLE_DEVICES"
_DRIVER = Path("/proc/driver/nvidia/gpus")

log = logging.getLogger(__name__)


def gpus(environment: Mapping[str, str], driver: Path = _DRIVER) -> list[str]:
    """Return the GPUs that this process may use, in the form of `CUDA_VISIBLE_DEVICES`."""
    if VISIBLE in environment:
        return [name for name in environment[VISIBLE].split(",") if name]
    return [str(number) for number, _ in enumerate(driver.iterdir())] if driver.is_dir() else []


@contextmanager
def sharing(jobs: int, arguments: Sequence[str]) -> Iterator[None]:
    """Let other processes search too while the block runs; then wait for them.

    Each process, including this one, gets one GPU, in turns; Keras must not be loaded yet. The
    others are silent, as their lines would mix; a warning names those that failed, and their error.

    Args:
        jobs: Total number of processes, including this one.
        arguments: Arguments of `fer-edge` for the others.

    Raises:
        TrainingError: A process cannot be started.
    """
    devices = gpus(os.environ) if jobs > 1 else []
    others: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, jobs)]
        try:
            for number, said in enumerate(logs, 1):
                own = {VISIBLE: devices[number % len(devices)]} if devices else {}
                others.append(_start(arguments, own, said, f"process {number + 1} of {jobs}"))
            if devices:
                os.environ[VISIBLE] = devices[0]
            yield
            for number, (other, said) in enumerate(zip(others, logs, strict=True), 2):
                if other.wait() != 0:
                    log.warning(
                        "process %d of %d ended with exit code %d, so fewer trainings ran at a "
                        "time: %s",
                        *(number, jobs, other.returncode, _last_line(said)),
                    )
        finally:
            running = [other for other in others if other.poll() is None]
            for other in running:
                other.terminate()
            for other in running:
                other.wait()


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "no message")


def _start(
    arguments: Sequence[str], own: Mapping[str, str], said: IO[bytes], name: str
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            module_command("fer_edge", *arguments),
            env={**clean_environment(), **own},
            stdout=subprocess.DEVNULL,  # this process prints the same results
            stderr=said,
        )
    except OSError as failure:
        raise TrainingError(
            f"{name} cannot be started ({failure.strerror}); choose fewer --jobs"
        ) from failure
