"""`fer-edge run` in the background, inside a machine."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .machine import Machine

FRUGAL = "--model tiny --detect-size 160 --every 30"
"""Options with which an emulated processor reaches a few frames per second."""


class LiveRun:
    """A run that writes its JSON lines and its log to /home/pi/live."""

    def __init__(self, machine: Machine, options: str) -> None:
        self._machine = machine
        self._command = f"fer-edge run {FRUGAL} --jsonl live/run.jsonl {options}"

    def start(self) -> "LiveRun":
        """Start the run; return when it has written ten lines."""
        self._machine.run(
            "rm -rf live; mkdir live; "
            # without open streams, so that the ssh connection can end
            f"({self._command} 2> live/log; echo $? > live/rc) "
            "< /dev/null > /dev/null 2>&1 & disown"
        )
        self.wait_for_lines(10)
        return self

    def count(self) -> int:
        """Return the number of lines that the run has written."""
        return int(self._machine.says("cat live/run.jsonl 2> /dev/null | wc -l"))

    def wait_for_lines(self, more: int, timeout_s: float = 90) -> None:
        """Wait until the run has written `more` additional lines."""
        end = time.monotonic() + timeout_s
        target = self.count() + more
        while self.count() < target:
            assert time.monotonic() < end, f"no more frames; its log says:\n{self.log()}"
            time.sleep(0.5)

    def log(self) -> str:
        """Return the standard error of the run."""
        return self._machine.says("cat live/log")

    def records(self) -> list[dict[str, Any]]:
        """Return the lines of the run as JSON objects."""
        return [json.loads(line) for line in self._machine.says("cat live/run.jsonl").splitlines()]

    def stop(self) -> int:
        """Send SIGTERM to the run; return its exit code."""
        self._machine.run("pkill -TERM -f 'bin/[f]er-edge run' || true")
        return int(self._machine.wait_for("test -s live/rc && cat live/rc"))


@contextmanager
def live_run(machine: Machine, options: str) -> Iterator[LiveRun]:
    """Start a run, and end it with the `with` block."""
    run = LiveRun(machine, options).start()
    try:
        yield run
    finally:
        machine.run("pkill -TERM -f 'bin/[f]er-edge run' || true")
