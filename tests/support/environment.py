"""A separate virtual environment for tests of another install."""

import subprocess
import venv
from pathlib import Path


def run_outside(*command: object, folder: Path | None = None) -> str:
    """Run a program, outside of the repository, so that only what is installed is found."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_environment(folder: Path, *installs: tuple[object, ...], root: Path) -> Path:
    """Make a virtual environment where there is none, and install into it; returns its programs.

    Args:
        folder: Of the environment.
        installs: The arguments of each `pip install`, in order.
        root: Of the repository.
    """
    folder = folder.resolve()
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    for arguments in installs:
        pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
        run_outside(*pip, *arguments, folder=root)
    return folder / "bin"
