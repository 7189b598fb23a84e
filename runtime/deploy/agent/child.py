"""Programs that the agent runs: they end with the connection, or with the agent."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .channel import Channel, GoneError, RefusedError

_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_KEPT_BYTES = 1 << 20


class Done:
    """Result of a program: exit code and output."""

    def __init__(self, code: int, said: str, complained: str) -> None:
        self.code = code
        self.said = said
        self.complained = complained

    def reason(self) -> str:
        """Return the line that most likely contains the reason of a failure."""
        lines = [line.strip() for line in (self.complained + "\n" + self.said).splitlines()]
        lines = [line for line in lines if line]
        errors = [line for line in lines if "error" in line.lower() or "Errno" in line]
        return (errors or lines or [f"exit code {self.code}"])[-1]


def run(
    channel: Channel,
    command: Sequence[str],
    *,
    timeout_s: float,
    more: Mapping[str, str] | None = None,
    fed: Path | None = None,
    folder: Path | None = None,
    is_critical: bool = False,
) -> Done:
    """Run a program to its end.

    Args:
        channel: Used to detect that the workstation disconnected, which ends the program.
        command: Program and its arguments.
        timeout_s: Longest duration.
        more: Additional environment variables.
        fed: File for its standard input.
        folder: Working directory.
        is_critical: Whether it continues when the workstation disconnects.

    Raises:
        GoneError: The workstation disconnected; the program was ended.
        RefusedError: It exceeded its time limit, or cannot be started.
    """
    environment = {**os.environ, **(more or {})}
    if folder is not None:
        environment["PWD"] = str(folder)
    try:
        with open(os.devnull if fed is None else str(fed), "rb") as source:  # noqa: PTH123
            process = subprocess.Popen(
                list(command),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=None if folder is None else str(folder),
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )
    except OSError as error:
        raise RefusedError(f"{command[0]} cannot be started: {error.strerror}") from error
    try:
        said = _collect(channel, process, time.monotonic() + timeout_s, is_critical)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return Done(process.wait(), *said)


def _collect(
    channel: Channel, process: subprocess.Popen[bytes], end_s: float, is_critical: bool
) -> tuple[str, str]:
    said = {stream.fileno(): b"" for stream in (process.stdout, process.stderr) if stream}
    order = list(said)
    is_open = set(said)
    while is_open:
        ready, _, _ = select.select([*is_open, *_ears(channel)], [], [], 1.0)
        channel.listen(0)
        if channel.is_gone and not is_critical:
            raise GoneError
        if time.monotonic() > end_s:
            raise RefusedError(f"{process.args[0]} exceeded its time limit")  # type: ignore[index,str-bytes-safe]
        for number in is_open.intersection(ready):
            chunk = os.read(number, 1 << 16)
            said[number] = (said[number] + chunk)[-_KEPT_BYTES:]
            if not chunk:
                is_open.discard(number)
    first, second = (said[number].decode("utf-8", "replace") for number in order)
    return first, second


def _ears(channel: Channel) -> list[int]:
    return [] if channel.is_gone else [channel.fileno()]


def _end_with_parent() -> Callable[[], object] | None:
    """Return the hook by which the kernel ends a child of a killed agent; None if missing."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return lambda: prctl(_DEATH_SIGNAL, signal.SIGKILL)
