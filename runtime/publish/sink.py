"""The protocol of outputs, and the context for opening them."""

from dataclasses import dataclass
from typing import Protocol

from ..capture.frame import Source
from ..recognition.result import Result


class Sink(Protocol):
    """Receives results frame by frame."""

    def write(self, result: Result) -> None:
        """Write the result of one frame.

        Raises:
            OutputError: It cannot be written; the run ends, and the other outputs are finished.
            ReaderGoneError: There is no reader any more; the run ends like at the end of the
                source.
        """

    def close(self, *, complete: bool) -> None:
        """Close; a file that is written at the end only appears if the run was complete."""


@dataclass(frozen=True, slots=True)
class SinkContext:
    """Context for a sink that is opened by name.

    Attributes:
        source: Source of the frames; sinks may read its attributes, not its frames.
        labels: The model's expressions in output order.
        model: Name or path of the model.
        is_quiet: Whether to print only requested output on the terminal.
    """

    source: Source
    labels: tuple[str, ...]
    model: str
    is_quiet: bool = False


class ReaderGoneError(BrokenPipeError):
    """The reader is gone: `| head` has its lines, a window was closed. Not a failure."""
