"""Python modules in separate processes, never imported from the current folder.

`python -m` and `python -c` search the current folder first: a `numpy.py` next to downloaded
pictures would run. Python 3.11 has a switch against this, Python 3.10 has not, so the first line of
the child removes the folder from the path. The processes of `multiprocessing` search it too.
"""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fer_edge.credentials import FOLDER_VARIABLE, without_secrets
from fer_edge.errors import ConfigError
from fer_edge.limits import TRIAL_PATIENCE_S

_SAFE = "import sys; sys.path[:1] = [] if sys.path[:1] == [''] else sys.path[:1]; del sys.argv[0]; "
_RUN = f"{_SAFE}import runpy; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
_IMPORT = f"{_SAFE}import importlib; importlib.import_module(sys.argv[0])"


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module like `python -m`, with the current interpreter.

    Args:
        module: Module name, such as `fer_edge` or `fer_edge.inference.model_trial`.
        arguments: Arguments of the module.

    Raises:
        ConfigError: The path of the interpreter is unknown.
    """
    return [_interpreter(), "-c", _RUN, module, *arguments]


def import_command(module: str) -> list[str]:
    """Return the command that only imports a module or package, with the current interpreter.

    Raises:
        ConfigError: The path of the interpreter is unknown.
    """
    return [_interpreter(), "-c", _IMPORT, module]


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without secrets, as `env` of a child process.

    Passwords, tokens and addresses are for `fer-edge run` itself; a child, its libraries and a
    report of its crash would expose them.
    """
    environment = without_secrets(os.environ)
    environment.pop(FOLDER_VARIABLE, None)  # a child of fer-edge would load the secrets again
    return environment


def run_on_trial(
    module: str, *arguments: str, given: bytes = b""
) -> "subprocess.CompletedProcess[bytes] | None":
    """Run a module on untrusted data; the module limits itself with `limit_process`.

    Args:
        module: Module name, as for `module_command`.
        arguments: Arguments of the module.
        given: Bytes for its standard input.

    Returns:
        The completed process; None if it exceeded its time.

    Raises:
        ConfigError: The path of the interpreter is unknown.
    """
    try:
        done = subprocess.run(
            module_command(module, *arguments),
            input=given,
            capture_output=True,
            check=False,
            timeout=TRIAL_PATIENCE_S,
            env=clean_environment(),
        )
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode == -signal.SIGXCPU else done


def limit_process(most_bytes: int, processor_s: float) -> None:
    """Limit this process to the given additional memory and time, no files and no core dumps.

    On systems without such limits (no /proc), only the parent's timeout applies.
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


def _interpreter() -> str:
    if not sys.executable:  # Python inside another program
        raise ConfigError(
            f"sys.executable is {sys.executable!r}, expected the path of Python, which is needed "
            "to test files in a separate process; set it in the program that embeds Python"
        )
    return sys.executable
