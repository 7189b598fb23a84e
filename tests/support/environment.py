"""Separate virtual environments, for tests of other installations."""

import subprocess
import venv
from pathlib import Path


def run_outside(*command: object, folder: Path | None = None) -> str:
    """Run a program and return its output; `folder` is its working directory."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_environment(folder: Path, *installs: tuple[object, ...], root: Path) -> Path:
    """Make a virtual environment unless it exists, and install packages; return its bin folder.

    Args:
        folder: Folder of the environment.
        installs: Arguments of each call of `pip install`, in order.
        root: Root folder of the repository, the working directory of pip.
    """
    folder = folder.resolve()
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    for arguments in installs:
        pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
        run_outside(*pip, *arguments, folder=root)
    return folder / "bin"
