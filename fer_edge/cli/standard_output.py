"""Standard output and standard error whose reader may end before the command, as in `| head`."""

import io
import os
import sys
from typing import Any, TextIO


class DroppingFile(io.FileIO):
    """The descriptor of a stream; it drops everything once its reader has ended."""

    def __init__(self, stream: TextIO) -> None:
        """Keep the stream, which would close its descriptor at its end."""
        super().__init__(stream.fileno(), "w", closefd=False)
        self._stream = stream

    def write(self, data: Any) -> int:
        """Write bytes; returns how many were written or dropped."""
        try:
            return super().write(data)
        except BrokenPipeError:
            lead_nowhere(self.fileno())
            return super().write(data)


def lead_nowhere(descriptor: int) -> None:
    """Replace an open file of this process by /dev/null."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def outlive_reader(name: str) -> None:
    """Drop what is written to a standard stream once its reader has ended; the command goes on.

    Otherwise the first line after that would end the command, without its exit code.

    Args:
        name: "stdout" or "stderr". A stream in memory, or of another kind, is left as it is.
    """
    stream = getattr(sys, name)
    if type(stream) is not io.TextIOWrapper:  # tests have their own kinds
        return
    stream.flush()
    file = DroppingFile(stream)
    dropping = io.TextIOWrapper(
        # with python -u, nothing is kept in memory
        file if stream.write_through else io.BufferedWriter(file),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    setattr(sys, name, dropping)
