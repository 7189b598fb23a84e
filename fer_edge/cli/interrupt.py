"""Ctrl-C while a command starts."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let the kernel end the process at Ctrl-C, until the command has a handler of its own.

    Python's own KeyboardInterrupt gets lost in native modules that are being imported: they make
    an ImportError of it, and the program goes on without them. For programs, before they write
    anything.
    """
    is_pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_pythons or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
