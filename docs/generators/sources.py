"""The sources of the public Python names, where mkdocstrings finds them."""

import shutil
from pathlib import Path

STAGES = ("training", "converters", "runtime")


def lay_out(root: Path, place: Path) -> None:
    """Copy the sources together as they are installed: mkdocstrings reads files, not imports.

    Args:
        root: The repository.
        place: A folder for `fer_edge/`; what is there is replaced.
    """
    shutil.rmtree(place, ignore_errors=True)
    for source in (root / "fer_edge", *(root / stage for stage in STAGES)):
        target = place / "fer_edge" / ("" if source.name == "fer_edge" else source.name)
        shutil.copytree(source, target, ignore=_other_files, dirs_exist_ok=True)


def _other_files(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(name).suffix not in ("", ".py")]
