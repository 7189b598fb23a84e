"""`fer-edge` as a program: it always ends with the exit code of the command."""

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from .first_process import leave_first_process
from .interrupt import ending_at_once, repeat_lost_interrupt


def program() -> NoReturn:
    """Run the command line of this process, then end the process.

    FFmpeg may still be blocked in a read when the command has finished. A thread that returns from
    a native library while the interpreter shuts down can crash the process after all files were
    closed; so the interpreter is not shut down while such a thread exists.
    """
    leave_first_process()
    code = _run()
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if left and all(thread.daemon for thread in left):
        atexit._run_exitfuncs()
        os._exit(_settled(code))
    sys.exit(_settled(code))


def _run() -> int:
    """Run the command line; returns its exit code."""
    sys.unraisablehook = repeat_lost_interrupt
    try:
        with ending_at_once():
            import click

            from .failures import INTERRUPTED
            from .main import main
    except ImportError as error:  # of click, or of what every command needs
        from fer_edge.require import blamed_package, broken_installation

        if blamed_package(error) == "fer_edge":
            raise
        sys.exit(f"fer-edge: error: {broken_installation(error)}")
    try:
        ended = main(prog_name="fer-edge", standalone_mode=False)
    except click.ClickException as error:
        with suppress(OSError):  # standard error cannot be written
            error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return ended if isinstance(ended, int) else 0


def _settled(code: int) -> int:
    """Flush the standard streams; returns the exit code, 1 if the output of a success is lost."""
    from .failures import settle

    is_written = settle(sys.stdout)
    settle(sys.stderr)
    return code if is_written else code or 1
