"""This checkout as a wheel, and the wheels that it asks for, for another machine's Python."""

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")


def gather_wheels(folder: Path, *, machine: str, python: str, extras: str = "") -> Path:
    """Build this checkout's wheel and fetch what it requires; return its wheel.

    Args:
        folder: Where the wheels are kept; what is there already is not fetched again.
        machine: As `uname -m` says it.
        python: Its version, "3.13".
        extras: In brackets: "[web,mqtt]".
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("fer_edge-*.whl"):
        old.unlink()
    shutil.rmtree(SOURCE / "build", ignore_errors=True)  # it may hold modules that have gone
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
    """Run a command; return its output, or raise with the last lines of it."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env
    )
    if done.returncode != 0:
        tail = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {tail}")
    return done.stdout
