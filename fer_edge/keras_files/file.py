"""The only way to load a Keras file: parsed as data and checked before Keras loads it."""

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fer_edge.chatter import without_chatter
from fer_edge.errors import ModelError
from fer_edge.keras_files.config import read_config, write_checked
from fer_edge.keras_files.links import check_links
from fer_edge.keras_files.safety import check_config
from fer_edge.shown import printable

Load = Callable[[Path, bool], Any]
"""Loads a network from a path; the second argument is Keras's `safe_mode`."""

_COLORS = re.compile(r"\x1b\[\d*m")
"""Keras prints some words in bold."""


class CheckedFile:
    """A Keras file with a configuration that was checked to contain no code.

    Attributes:
        config: Its configuration; changes of its `root` take effect when it is loaded.
    """

    def __init__(self, path: Path, *, trust_code: bool = False) -> None:
        """Read and check the configuration; no network is created.

        Args:
            path: A `.keras` or `.h5` file.
            trust_code: Let Lambda layers pass; `load` then runs their code.

        Raises:
            ModelError: The file is missing or damaged, has no network, or contains code.
        """
        if not path.is_file():
            raise ModelError(f"{path} does not exist")
        self.config = read_config(path)
        self._safe_mode = not trust_code
        check_config(self.config.root, path, trust_code=trust_code)
        check_links(self.config.root, path)

    def load(self, load_model: Load) -> Any:
        """Load the network from a copy with the checked contents only.

        Raises:
            ModelError: The loader cannot read it.
        """
        path = self.config.path
        with TemporaryDirectory(prefix="fer-edge-") as folder:
            copy = write_checked(self.config, self.config.root, Path(folder))
            try:
                with without_chatter():
                    network = load_model(copy, self._safe_mode)
                if not hasattr(network, "output_shape"):
                    raise TypeError(f"it contains a {type(network).__name__}, expected a network")
                return network
            except (
                Exception
            ) as error:  # layers raise many types of exceptions for bad shapes and settings
                reason = first_line(error).replace(str(copy), str(path))
                raise ModelError(f"{path} cannot be read as a Keras model: {reason}") from error


def first_line(error: Exception) -> str:
    """Return the reason in an exception of Keras, in one line."""
    unknown = re.search(r"(?:Could not locate class|Unknown layer:) '([^']+)'", str(error))
    if unknown:
        return (
            f"it has a layer {printable(unknown[1])} that Keras does not know; save the network "
            "with stock layers in its place"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        del lines[0]  # the layer's own message follows
    reason = _COLORS.sub("", lines[0]) if lines else type(error).__name__
    return printable(reason, 300)
