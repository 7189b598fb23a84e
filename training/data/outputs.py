"""Check that a command does not write over what it reads."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from fer_edge.errors import OutputError
from fer_edge.files import is_device
from fer_edge.pictures.folder import files_in
from fer_edge.pictures.kinds import is_picture_file


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path | None]) -> None:
    """Check that outputs are different files, and none of them is an input, also through links.

    Args:
        outputs: Option -> file to write; None if it is not given.
        inputs: Files, or folders of pictures, that are read.

    Raises:
        OutputError: An output is an input, or two outputs are the same file.
    """
    taken: dict[str, str] = {}
    read = [path for path in inputs if path is not None]
    for option, path in outputs.items():
        if path is None or is_device(path):
            continue
        where = os.path.realpath(path)
        if where in taken:
            raise OutputError(
                f"{taken[where]} and {option} both write {path}; choose different files"
            )
        taken[where] = option
        if any(_is_same(source, path) for source in read):
            raise OutputError(f"{option} {path} is the input itself; choose another path")
        if path.is_file() and any(_contains(source, path) for source in read):
            raise OutputError(f"{option} {path} is one of the inputs; choose another path")


def _contains(folder: Path, path: Path) -> bool:
    return folder.is_dir() and any(
        _is_same(file, path) for file in files_in(folder) if is_picture_file(file)
    )


def _is_same(source: Path, path: Path) -> bool:
    try:
        return source.samefile(path)
    except (OSError, ValueError):  # one of them does not exist, or cannot exist
        return False
