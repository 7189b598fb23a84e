"""Ctrl-C while a command starts, or where Python loses it."""

import _thread
import signal
import sys
import threading
import time
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


def repeat_lost_interrupt(unraisable: "sys.UnraisableHookArgs") -> None:
    """Repeat a Ctrl-C that Python cannot raise; `sys.unraisablehook` of the program.

    A KeyboardInterrupt in a destructor or in the callback of a weak reference, which every import
    has, would be printed with its traceback, and the program would continue.
    """
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _thread.start_new_thread(_interrupt_soon, ())
    else:
        sys.__unraisablehook__(unraisable)


def _interrupt_soon() -> None:
    time.sleep(0.01)  # after the destructor or callback
    main = threading.main_thread().ident
    if main is not None:  # not with _thread.interrupt_main, which does not end a wait
        signal.pthread_kill(main, signal.SIGINT)
