"""What takes results: the protocol of every output, and what it is told of the run."""

from dataclasses import dataclass
from typing import Protocol

from ..capture.frame import Source
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


@dataclass(frozen=True, slots=True)
class SinkContext:
    """What a sink that is opened by its name is told of the run.

    Attributes:
        source: Where frames come from; sinks read its attributes, not its frames.
        labels: The model's expressions in output order.
        model: The model's name or path, as it was chosen.
        is_quiet: Whether nothing is to be shown on the terminal that was not asked for.
    """

    source: Source
    labels: tuple[str, ...]
    model: str
    is_quiet: bool = False


class ReaderGoneError(BrokenPipeError):
    """The reader has gone: `| head` has its lines, a window was closed. Not a failure."""
