"""The end of a command's process: exit code and output."""

import subprocess
import sys

import pytest

HANGING = """
import ctypes, sys, threading, time
sys.argv = ["fer-edge", *{arguments!r}]
library = ctypes.CDLL(None)  # its calls release Python's lock, as FFmpeg's do

def hang():
    while True:
        library.usleep(200)  # it takes the lock again and again during Python's shutdown

for _ in range(8):
    threading.Thread(target=hang, daemon=True).start()
import atexit
atexit.register(lambda: print("at exit"))
from fer_edge.cli.program import program
program()
"""


@pytest.mark.parametrize(("arguments", "code"), [(["models"], 0), (["run"], 2)])
def test_a_thread_that_hangs_changes_neither_the_exit_code_nor_what_was_printed(
    arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING.format(arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "at exit" in done.stdout
    assert ("compact" in done.stdout) == (code == 0)


def test_a_pipe_that_nobody_reads_is_no_traceback() -> None:
    command = f"{sys.executable} -m fer_edge models --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1].lstrip("{[") == "0"
