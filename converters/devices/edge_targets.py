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
from fer_edge.model.file import read_model

from .edgetpu import check

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
    group, methods = plugins.EDGE_TARGETS, ("companions", "write")
    return tuple(plugins.open_part(group, name, methods=methods) for name in dict.fromkeys(names))


def companions_of(path: Path, targets: Sequence[EdgeTarget]) -> tuple[Path, ...]:
    """Return the files of all targets for a model file."""
    return tuple(made for target in targets for made in target.companions(path))


def leave_for_devices(paths: Sequence[Path], targets: Sequence[EdgeTarget]) -> str:
    """Check int8 files for the Edge TPU, and create the requested files.

    A missing tool is a warning, since the check needs none.

    Args:
        paths: int8 files with cards.
        targets: Targets to create files for.

    Returns:
        The check's table, once for files with equal tables, and the text of each target.
    """
    tables: dict[str, list[str]] = {}
    lines, missing = [], set()
    for path in paths:
        table = str(check(read_model(path).flatbuffer))
        tables.setdefault(table, []).append(path.name)
        for target in targets:
            try:
                lines.append(target.write(path))
            except MissingExtraError as error:
                missing.add(str(error))
    for message in sorted(missing):
        log.warning("%s", message)
    blocks = [f"Edge TPU, {', '.join(names)}:\n{table}" for table, names in tables.items()]
    return "\n".join([*blocks, *lines])
