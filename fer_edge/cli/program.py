"""`fer-edge` as a program: the process ends with the command's exit code, whatever still hangs."""

import atexit
import os
import sys
import threading
from typing import NoReturn

from .main import main


def program() -> NoReturn:
    """Run the command line of this process, then end the process.

    A read of a stream may hang in FFmpeg when the command is over. A thread that comes back from a
    native library while Python takes itself apart can crash the process, after all was written and
    closed; so where one is left, Python does not take itself apart.
    """
    code: object = 0
    try:
        main(prog_name="fer-edge")
    except SystemExit as ended:
        code = ended.code
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if isinstance(code, int) and left and all(thread.daemon for thread in left):
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # nobody reads it, or it is closed
                code = code or 1 if stream is sys.stdout else code
        os._exit(code)
    sys.exit(code)  # type: ignore[arg-type]
