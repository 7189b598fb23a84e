"""The init program of the emulated machine: it runs the commands of /commands.json in turn.

It mounts the file systems that they need, loads the modules of /modules, and writes the result of
each command to the console, as a line of JSON after MARK. Then it switches the machine off. It
requires nothing except for Python.
"""

import ctypes
import json
import os
import subprocess
from pathlib import Path

MARK = "@@@ "
_MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp"))
_FINIT_MODULE = 273  # system call of arm64
_POWER_OFF = 0x4321FEDC


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, place in _MOUNTS:
        Path(place).mkdir(exist_ok=True)
        libc.mount(kind.encode(), place.encode(), kind.encode(), 0, None)
    for module in sorted(Path("/modules").glob("*.ko")):
        with module.open("rb") as file:
            if libc.syscall(_FINIT_MODULE, file.fileno(), b"", 0):
                say({"module": module.name, "error": os.strerror(ctypes.get_errno())})
    environment = {"PATH": "/usr/sbin:/usr/bin", "PYTHONPATH": "/opt/fer", "HOME": "/root"}
    for name, command in json.loads(Path("/commands.json").read_text("utf-8")).items():
        done = subprocess.run(
            command, env=environment, cwd="/root", capture_output=True, text=True, check=False
        )
        said = {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
        say({"name": name, **said})
    say({"name": "end"})
    libc.reboot(_POWER_OFF)


def say(value: dict[str, object]) -> None:
    """Write a value to the console as JSON, on a line without any other output."""
    with Path("/dev/console").open("w") as console:
        console.write(f"\n{MARK}{json.dumps(value)}\n")


if __name__ == "__main__":
    main()
