"""Holding back what C++ libraries write straight to standard error."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_chatter() -> Iterator[None]:
    """Drop everything that is written to file descriptor 2 inside the block.

    TensorFlow announces its CPU flags and missing GPUs at import, LiteRT each delegate, past every
    logging setting of theirs. Errors still come as exceptions. Nothing is dropped when the
    fer_edge logger is at INFO (`fer-edge --verbose`).
    """
    if logging.getLogger("fer_edge").isEnabledFor(logging.INFO):
        yield
        return
    try:
        saved = os.dup(2)
    except OSError:  # a service without standard error has nothing to hold back
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)


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
