"""Suppression of what libraries write to standard error in addition to their exceptions.

There are two kinds. C++ libraries write to file descriptor 2, whatever their settings: TensorFlow
announces CPU flags at import, LiteRT every delegate, OpenCV every damaged byte. The descriptor
belongs to the whole process, so only a program may redirect it; the command line does so once
(`silence_libraries`). Python libraries write to `sys.stderr`: progress bars, long advice. That is
dropped for the calling thread only (`without_chatter`). Errors still arrive as exceptions.
"""

import faulthandler
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from fer_edge.shown import masked

_muting = threading.Lock()


def silence_libraries() -> None:
    """Discard writes to file descriptor 2; `sys.stderr` gets its own descriptor.

    Meant for programs, at startup. Child processes inherit this. If `sys.stderr` is not
    descriptor 2, as in tests, nothing changes.
    """
    if not _is_descriptor_2(sys.stderr):
        return
    sys.stderr.flush()
    own = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    sys.stderr = os.fdopen(
        own, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace"
    )
    # otherwise the signal and location of a crash would be lost
    faulthandler.enable(sys.stderr)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Discard what this thread writes to `sys.stderr` inside the block.

    Writes of other threads pass. Nothing is discarded when the fer_edge logger is at DEBUG
    (`fer-edge -vv`). A program without a console has no standard error.
    """
    if sys.stderr is None or logging.getLogger("fer_edge").isEnabledFor(logging.DEBUG):
        yield
        return
    thread = threading.get_ident()
    with _muting:
        if not isinstance(sys.stderr, _Muted):
            sys.stderr = _Muted(sys.stderr)
        muted: Any = sys.stderr
        muted.threads[thread] += 1
    try:
        yield
    finally:
        with _muting:
            muted.threads[thread] -= 1
            if not +muted.threads and sys.stderr is muted:
                sys.stderr = muted.stream


class StderrHandler(logging.Handler):
    """Writes log records to standard error, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a closed standard error is not a failure."""
        # file names may contain line breaks; those of a traceback are kept
        text = self.format(record)
        line = masked(text if record.exc_info else " ".join(text.split())) + "\n"
        stream = sys.stderr.stream if isinstance(sys.stderr, _Muted) else sys.stderr
        if stream is None:  # a program without a console
            return
        try:
            stream.write(line)
            stream.flush()
        except (OSError, ValueError):
            pass


class _Muted:
    """Standard error without the output of some threads."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.threads: Counter[int] = Counter()

    def write(self, text: str) -> int:
        if self.threads[threading.get_ident()] > 0:
            return len(text)
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _is_descriptor_2(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 2
    except (OSError, ValueError, AttributeError):  # in memory, closed, or missing
        return False
