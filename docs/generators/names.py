"""The public Python names, as directives of mkdocstrings."""

import importlib
import shutil
from pathlib import Path

STAGES = ("training", "converters", "runtime")


def reference(package: str) -> str:
    """Return a directive for each public name of a package, functions and classes first."""
    module = importlib.import_module(package)
    return "\n\n".join(f"::: {package}.{name}" for name in module.__all__)


def lay_out(root: Path, place: Path) -> None:
    """Link the package together as it is installed: mkdocstrings reads files, not imports.

    Args:
        root: The repository.
        place: A folder for `fer_edge/`; what is there is replaced.
    """
    shutil.rmtree(place, ignore_errors=True)
    package = place / "fer_edge"
    package.mkdir(parents=True)
    for item in (root / "fer_edge").iterdir():
        (package / item.name).symlink_to(item)
    for stage in STAGES:
        (package / stage).symlink_to(root / stage)
