"""What a conversion leaves for devices that run no .tflite file as it is.

Each kind of device is a target: ours (Edge TPU, C arrays for microcontrollers), and those of other
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
    """Makes further files of an int8 model file, for one kind of device."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Name the files that `write` makes of a model file; they need not exist."""

    def write(self, path: Path) -> str:
        """Make them, in place of those there are; return what to say of them.

        Args:
            path: An int8 .tflite file with a card, just written; `companions` lie beside it.

        Raises:
            MissingExtraError: A tool is not installed: a warning, and the conversion goes on.
            FerEdgeError: The model does not fit the device.
        """


def open_targets(names: Sequence[str]) -> tuple[EdgeTarget, ...]:
    """Open targets by their names, each once.

    Raises:
        PluginError: A name does not exist, or another package's target cannot be used.
    """
    group, methods = plugins.EDGE_TARGETS, ("companions", "write")
    return tuple(plugins.open_part(group, name, methods=methods) for name in dict.fromkeys(names))


def companions_of(path: Path, targets: Sequence[EdgeTarget]) -> tuple[Path, ...]:
    """Name what all targets would make of a model file."""
    return tuple(made for target in targets for made in target.companions(path))


def leave_for_devices(paths: Sequence[Path], targets: Sequence[EdgeTarget]) -> str:
    """Check int8 files for the Edge TPU, and make the files asked for.

    A tool that is not installed is a warning: the check needs none.

    Args:
        paths: int8 files with cards.
        targets: What makes further files.

    Returns:
        The check's table, once for all files that have the same, and what each target says.
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
