"""Wheel of this checkout, and of its requirements, for the Python of another machine."""

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")


def gather_wheels(folder: Path, *, machine: str, python: str, extras: str = "") -> Path:
    """Build the wheel of this checkout and download its requirements; return the built wheel.

    Args:
        folder: Folder for the wheels; wheels that are already there are not downloaded again.
        machine: Architecture, as `uname -m` prints it.
        python: Version of the other machine's Python, such as "3.13".
        extras: Extras in brackets, such as "[web,mqtt]".
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("fer_edge-*.whl"):
        old.unlink()
    shutil.rmtree(SOURCE / "build", ignore_errors=True)  # it may contain deleted modules
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run_or_raise([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(SOURCE)])
    wheel = next(folder.glob("fer_edge-*.whl"))
    fetch = [*pip, "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
    fetch += ["--constraint", str(SOURCE / "constraints.txt"), "--python-version", python]
    abi = f"cp{python.replace('.', '')}"
    fetch += ["--implementation", "cp", "--abi", abi, "--abi", "abi3", "--abi", "none"]
    fetch += [f"--platform={name}_{machine}" for name in PLATFORMS]
    run_or_raise([*fetch, f"{wheel}{extras}"])
    return wheel


def run_or_raise(command: list[str], env: dict[str, str] | None = None) -> str:
    """Run a command; return its output, or raise RuntimeError with its last lines."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env
    )
    if done.returncode != 0:
        tail = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {tail}")
    return done.stdout
