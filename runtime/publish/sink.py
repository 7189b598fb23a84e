"""What takes results: the protocol of every output."""

from typing import Protocol

from ..recognition.result import Result


class Sink(Protocol):
    """Takes what was read, frame by frame."""

    def write(self, result: Result) -> None:
        """Take one frame and what was read in it.

        Raises:
            OutputError: It cannot be written; the run ends, and the other outputs are finished.
            ReaderGoneError: Nobody reads any more; the run ends as if the source had.
        """

    def close(self, *, complete: bool) -> None:
        """End; a file that is written whole appears under its name only if the run was complete."""


class ReaderGoneError(BrokenPipeError):
    """The reader has gone: `| head` has its lines, a window was closed. Not a failure."""
