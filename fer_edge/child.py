"""Python modules in processes of their own, none of which comes from the folder one stands in.

`python -m` looks for every import in the current folder first: a `numpy.py` among a stranger's
pictures would run. Python 3.11 has a switch against it, Python 3.10 has none, so the folder is
taken from the path by the child's first line.
"""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fer_edge.credentials import without_secrets
from fer_edge.limits import TRIAL_PATIENCE_S

_START = (
    "import sys; sys.path[:1] = [] if sys.path[:1] == [''] else sys.path[:1]; del sys.argv[0]; "
    "import runpy; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module as `python -m` does, with this very Python.

    Args:
        module: As `fer_edge`, or `fer_edge.inference.model_trial`.
        arguments: Of the module.
    """
    return [sys.executable, "-c", _START, module, *arguments]


def run_on_trial(
    module: str, *arguments: str, given: bytes = b""
) -> "subprocess.CompletedProcess[bytes] | None":
    """Run a module on what a stranger made; it limits itself by `limit_process`.

    Args:
        module: As for `module_command`.
        arguments: Of the module.
        given: On its standard input.

    Returns:
        What came of it; None where it did not come to an end in its time.
    """
    try:
        done = subprocess.run(
            module_command(module, *arguments),
            input=given,
            capture_output=True,
            check=False,
            timeout=TRIAL_PATIENCE_S,
            env=without_secrets(os.environ),
        )
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode == -signal.SIGXCPU else done


def limit_process(most_bytes: int, processor_s: float) -> None:
    """Give this process so much memory and time beyond what it took, no files and no core dumps.

    Where the system knows no such limits (it has no /proc), the parent's patience remains.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        own = pages * resource.getpagesize()
        limits = (
            (resource.RLIMIT_CPU, math.ceil(time.process_time() + processor_s)),
            (resource.RLIMIT_AS, own + most_bytes),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
        )
        for kind, most in limits:
            _, hard = resource.getrlimit(kind)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, hard))
    except (ImportError, OSError, ValueError):
        return
