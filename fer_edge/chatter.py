"""What libraries write to standard error beside their exceptions, and who may hold it back.

Two kinds. C++ libraries write to file descriptor 2, past every setting of theirs: TensorFlow
announces its CPU flags at import, LiteRT each delegate, OpenCV each damaged byte. The descriptor
belongs to the whole process, so only a program may redirect it, and the command line does, once
(`silence_libraries`). Python libraries write to `sys.stderr`: progress bars, pages of advice. Those
are dropped for the calling thread alone (`without_chatter`). Errors still come as exceptions.
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
    """Send what is written to file descriptor 2 nowhere; `sys.stderr` goes on with one of its own.

    For programs, at their start. Child processes inherit the silence unless they are given a
    standard error. Where `sys.stderr` is not descriptor 2, as in tests, nothing is changed.
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
    # which signal ended the program, and where, would go nowhere, too
    faulthandler.enable(sys.stderr)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Drop what this thread writes to `sys.stderr` inside the block.

    What other threads write comes through, and nothing is dropped when the fer_edge logger is at
    DEBUG (`fer-edge -vv`).
    """
    if logging.getLogger("fer_edge").isEnabledFor(logging.DEBUG):
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
    """Writes log lines to standard error, each as one line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; nobody who listens is not an error."""
        # a file's name may have line breaks; a traceback keeps its own
        text = self.format(record)
        line = masked(text if record.exc_info else " ".join(text.split())) + "\n"
        stream = sys.stderr.stream if isinstance(sys.stderr, _Muted) else sys.stderr
        try:
            stream.write(line)
            stream.flush()
        except (OSError, ValueError):
            pass


class _Muted:
    """A standard error that drops what some threads write."""

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
    except (OSError, ValueError, AttributeError):  # in memory, closed, or none at all
        return False
