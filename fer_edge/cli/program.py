"""`fer-edge` as a program: it always ends with the exit code of the command."""

import atexit
import os
import sys
import threading
from typing import NoReturn

from fer_edge.require import blamed_package, broken_installation


def program() -> NoReturn:
    """Run the command line of this process, then end the process.

    FFmpeg may still be blocked in a read when the command has finished. A thread that returns from
    a native library while the interpreter shuts down can crash the process after all files were
    closed; so the interpreter is not shut down while such a thread exists.
    """
    code: object = 0
    try:
        from .main import main

        main(prog_name="fer-edge")
    except ImportError as error:  # of click, or of what every command needs
        if blamed_package(error) == "fer_edge":
            raise
        sys.exit(f"fer-edge: error: {broken_installation(error)}")
    except SystemExit as ended:
        code = ended.code
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if isinstance(code, int) and left and all(thread.daemon for thread in left):
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the reader has ended, or it is closed
                code = code or 1 if stream is sys.stdout else code
        os._exit(code)
    sys.exit(code)  # type: ignore[arg-type]
