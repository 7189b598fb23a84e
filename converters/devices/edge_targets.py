"""Additional files for devices that do not run a .tflite file directly.

Each kind of device is a target: Edge TPU, C arrays for microcontrollers, and targets of other
packages.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fer_edge import plugins
from fer_edge.errors import MissingExtraError, PluginError

log = logging.getLogger(__name__)


class EdgeTarget(Protocol):
    """Creates additional files of an int8 model file, for one kind of device."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the files that `write` creates for a model file; they need not exist."""

    def write(self, path: Path) -> str:
        """Create or replace the files; return the text to print.

        Args:
            path: int8 .tflite file with a card, just written; `companions` are next to it.

        Raises:
            MissingExtraError: A tool is not installed: logged as a warning, and the conversion
                continues; at its end, the command fails.
            FerEdgeError: The model is not suitable for the device.
        """


@dataclass(frozen=True, slots=True)
class _CheckedTarget:
    """A target whose results are checked: those of other packages may be anything."""

    name: str
    target: EdgeTarget

    def companions(self, path: Path) -> tuple[Path, ...]:
        made = self.target.companions(path)
        if not isinstance(made, list | tuple) or not all(
            isinstance(each, str | os.PathLike) for each in made
        ):
            raise self._fault(f"companions returned {made!r}, expected a tuple of paths")
        if os.path.realpath(path) in map(os.path.realpath, made):
            raise self._fault(f"companions returned {path} itself, expected additional files")
        return tuple(map(Path, made))

    def write(self, path: Path) -> str:
        files = (path, *self.companions(path))
        text = self.target.write(path)
        if not isinstance(text, str):
            raise self._fault(f"write returned {type(text).__name__}, expected a text")
        if lost := [each for each in files if not each.exists()]:
            raise self._fault(f"{lost[0]} does not exist after write")
        return text

    def _fault(self, what: str) -> PluginError:
        said = plugins.describe(plugins.EDGE_TARGETS, self.name)
        return PluginError(f"{said}: {what}; update the package, or ask its authors")


def open_targets(names: Sequence[str]) -> tuple[EdgeTarget, ...]:
    """Open targets by name, each once.

    Raises:
        PluginError: A name is unknown, or another package's target cannot be used.
    """
    group, members = plugins.EDGE_TARGETS, ("companions", "write")
    return tuple(
        _CheckedTarget(name, plugins.open_part(group, name, members=members))
        for name in dict.fromkeys(names)
    )


def companions_of(path: Path, targets: Sequence[EdgeTarget]) -> tuple[Path, ...]:
    """Return the files of all targets for a model file."""
    return tuple(made for target in targets for made in target.companions(path))


def write_companions(
    paths: Sequence[Path], targets: Sequence[EdgeTarget]
) -> dict[Path, tuple[str, ...]]:
    """Create the files of targets; a missing tool is a warning.

    Args:
        paths: int8 files with cards.
        targets: Targets to create files for.

    Returns:
        The text of each target, by file.
    """
    reports: dict[Path, list[str]] = {path: [] for path in paths}
    missing = set()
    for path in paths:
        for target in targets:
            try:
                reports[path].append(target.write(path))
            except MissingExtraError as error:
                missing.add(str(error))
    for message in sorted(missing):
        log.warning("%s", message)
    return {path: tuple(texts) for path, texts in reports.items()}
