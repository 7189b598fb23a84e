"""Ctrl-C while a command starts."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let the kernel end the process on Ctrl-C, until the command installs its own handler.

    A KeyboardInterrupt gets lost while native modules are imported: they turn it into an
    ImportError, and the program continues without them. Meant for programs, before they write
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
