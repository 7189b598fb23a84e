"""Holding back what C++ libraries write straight to standard error."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_swapping = threading.Lock()
_inside = 0
_saved = -1
"""The real standard error while somebody is inside `without_chatter`."""


@contextmanager
def without_chatter() -> Iterator[None]:
    """Drop everything that is written to file descriptor 2 inside the block.

    TensorFlow announces its CPU flags and missing GPUs at import, LiteRT each delegate, past every
    logging setting of theirs. Errors still come as exceptions. Nothing is dropped when the
    fer_edge logger is at INFO (`fer-edge --verbose`). The descriptor is the whole process's: with
    several threads inside, it comes back when the last one leaves.
    """
    is_held = not logging.getLogger("fer_edge").isEnabledFor(logging.INFO) and _hold_back()
    try:
        yield
    finally:
        if is_held:
            _let_through()


class StderrHandler(logging.Handler):
    """Writes log lines to standard error, also while another thread holds that back."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; nobody who listens is no error."""
        # a file's name may have line breaks; a traceback keeps its own
        text = self.format(record)
        line = (text if record.exc_info else " ".join(text.split())) + "\n"
        with _swapping, suppress(OSError, ValueError):
            if _saved >= 0 and _is_descriptor_2(sys.stderr):
                os.write(_saved, line.encode("utf-8", "backslashreplace"))
            else:
                sys.stderr.write(line)
                sys.stderr.flush()


def _hold_back() -> bool:
    """Send descriptor 2 to nowhere; say whether it was possible."""
    global _inside, _saved
    with _swapping:
        if _inside == 0:
            try:
                saved = os.dup(2)
            except OSError:  # a service without standard error has nothing to hold back
                return False
            try:
                nothing = os.open(os.devnull, os.O_WRONLY)
            except OSError:
                os.close(saved)
                return False
            os.dup2(nothing, 2)
            os.close(nothing)
            _saved = saved
        _inside += 1
        return True


def _let_through() -> None:
    global _inside, _saved
    with _swapping:
        _inside -= 1
        if _inside == 0:
            os.dup2(_saved, 2)
            os.close(_saved)
            _saved = -1


def _is_descriptor_2(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 2
    except (OSError, ValueError):  # in memory, or closed
        return False


def quiet_opencv() -> None:
    """Ask OpenCV and its FFmpeg, by their own settings, to write nothing to standard error.

    For threads: standard error belongs to the whole process, so a thread that waits for a camera
    inside `without_chatter` would swallow what the others have to say. Works for FFmpeg where no
    video was opened before. Nothing is changed when the fer_edge logger is at INFO.
    """
    if logging.getLogger("fer_edge").isEnabledFor(logging.INFO):
        return
    import cv2

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
