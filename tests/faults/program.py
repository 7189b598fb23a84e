"""The command line as a child that is forked from a process with everything imported."""

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# what a run imports late, so that a child need not
import fer_edge.runtime.publish.chosen
import fer_edge.runtime.publish.files.annotated_video
import fer_edge.runtime.recognition.recognizer
import fer_edge.runtime.run.command  # noqa: F401
from fer_edge.cli.main import main

_LONGEST_S = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended.

    Attributes:
        code: Its exit code; negative: minus the signal that ended it.
        errors: Its standard error.
    """

    code: int
    errors: str

    def faults(self, *codes: int) -> list[str]:
        """Say what is wrong with the end: other codes, lines of others, a planted secret."""
        found = [] if self.code in codes else [f"exit code {self.code}, expected {codes}"]
        lines = [line for line in self.errors.splitlines() if not line.startswith("fer-edge: ")]
        found += [f"standard error has {lines[-1]!r}"] if lines else []
        found += ["a secret was shown"] if "planted" in self.errors else []
        return found


class Child:
    """A running command."""

    def __init__(
        self, arguments: Sequence[object], folder: Path, before: Callable[[], object] | None = None
    ) -> None:
        """Start it.

        Args:
            arguments: Of `fer-edge`.
            folder: For its standard output and error.
            before: Called in the child first, as to set limits.
        """
        self._errors = folder / "stderr"
        self._errors.touch()  # a child may be killed before it makes it
        self.pid = os.fork()
        if self.pid == 0:
            _become([str(argument) for argument in arguments], folder, before)

    def send(self, number: int) -> None:
        """Send a signal; nothing if it has ended."""
        os.kill(self.pid, number)

    def wait(self) -> Outcome:
        """Wait for its end; one that hangs is killed."""
        end_s = time.monotonic() + _LONGEST_S
        while time.monotonic() < end_s:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return Outcome(os.waitstatus_to_exitcode(status), self._errors.read_text("utf-8"))
            time.sleep(0.005)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return Outcome(-99, self._errors.read_text("utf-8") + f"hung for {_LONGEST_S:.0f} s\n")


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
        logging.getLogger().handlers.clear()  # a test runner's
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
