"""The command line in a child process: a fork of this process, or a new Python process."""

import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# modules that a run imports late; a forked child has them already
import fer_edge.runtime.publish.chosen
import fer_edge.runtime.publish.files.annotated_video
import fer_edge.runtime.recognition.recognizer
import fer_edge.runtime.run.command  # noqa: F401
from fer_edge.cli.main import main

_LONGEST_S = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a child process.

    Attributes:
        code: Exit code; -N if signal N ended the process, -99 if it hung.
        errors: Text of the standard error.
    """

    code: int
    errors: str

    def faults(self, *codes: int) -> list[str]:
        """Return what is wrong: an unexpected exit code, foreign lines, a planted secret."""
        found = [] if self.code in codes else [f"exit code {self.code}, expected {codes}"]
        lines = [line for line in self.errors.splitlines() if not line.startswith("fer-edge: ")]
        found += [f"standard error has {lines[-1]!r}"] if lines else []
        found += ["a secret was shown"] if "planted" in self.errors else []
        return found


class Program:
    """A running command in a child process."""

    def __init__(self, pid: int, errors: Path) -> None:
        """Wrap a child of this process.

        Args:
            pid: Process ID of the child.
            errors: File with the child's standard error.
        """
        self.pid = pid
        self._errors = errors

    def send(self, number: int) -> None:
        """Send a signal; it has no effect on a child that has ended."""
        os.kill(self.pid, number)

    def wait(self, longest_s: float = _LONGEST_S) -> Outcome:
        """Wait for the end of the process; kill it after `longest_s` seconds."""
        end_s = time.monotonic() + longest_s
        while time.monotonic() < end_s:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return Outcome(os.waitstatus_to_exitcode(status), self._errors.read_text("utf-8"))
            time.sleep(0.005)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return Outcome(-99, self._errors.read_text("utf-8") + f"hung for {longest_s:.0f} s\n")


class Child(Program):
    """A command in a fork of this process, which starts at once."""

    def __init__(
        self, arguments: Sequence[object], folder: Path, before: Callable[[], object] | None = None
    ) -> None:
        """Start the command.

        Args:
            arguments: Arguments of `fer-edge`.
            folder: Folder for the files stdout and stderr.
            before: Function that the child calls first, for example to set limits.
        """
        (folder / "stderr").touch()  # the child may be killed before it makes this file
        pid = os.fork()
        if pid == 0:
            _become([str(argument) for argument in arguments], folder, before)
        super().__init__(pid, folder / "stderr")


class Started(Program):
    """A command in a new Python process, as a user starts it."""

    def __init__(
        self,
        arguments: Sequence[object],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the command.

        Args:
            arguments: Arguments of `fer-edge`.
            folder: Folder for the files stdout and stderr.
            environment: Additional environment variables.
        """
        command = [sys.executable, "-m", "fer_edge", *map(str, arguments)]
        with (folder / "stdout").open("wb") as output, (folder / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=errors, env={**os.environ, **(environment or {})}
            )
        super().__init__(self._process.pid, folder / "stderr")

    def send(self, number: int) -> None:
        """Send a signal; it has no effect on a process that has ended."""
        self._process.send_signal(number)

    def wait(self, longest_s: float = _LONGEST_S) -> Outcome:
        """Wait for the end of the process; kill it after `longest_s` seconds."""
        try:
            code = self._process.wait(longest_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            code = -99
        return Outcome(code, self._errors.read_text("utf-8"))


def _become(arguments: list[str], folder: Path, before: Callable[[], object] | None) -> None:
    code = 1
    try:
        for descriptor, name in ((1, "stdout"), (2, "stderr")):
            opened = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, descriptor)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.getLogger().handlers.clear()  # those of a test runner
        if before is not None:
            before()
        main(arguments, prog_name="fer-edge")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        sys.stdout.flush()
    except KeyboardInterrupt:  # before the command line began
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
