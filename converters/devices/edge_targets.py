"""Additional files for devices that do not run a .tflite file directly.

Each kind of device is a target: Edge TPU, C arrays for microcontrollers, and targets of other
packages.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fer_edge import plugins
from fer_edge.errors import MissingExtraError

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
                continues.
            FerEdgeError: The model is not suitable for the device.
        """


def open_targets(names: Sequence[str]) -> tuple[EdgeTarget, ...]:
    """Open targets by name, each once.

    Raises:
        PluginError: A name is unknown, or another package's target cannot be used.
    """
    group, members = plugins.EDGE_TARGETS, ("companions", "write")
    return tuple(plugins.open_part(group, name, members=members) for name in dict.fromkeys(names))


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
