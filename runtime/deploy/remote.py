"""A device's own fer-edge, run from here: for its doctor and its benchmark."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .connection import Connection

FOLDER = "{folder}"
"""Stands in an argument for the folder on the device that holds the files."""

LONGEST_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended.

    Attributes:
        code: Its exit code.
        said: Its standard output.
        complained: Its standard error.
    """

    code: int
    said: str
    complained: str

    @property
    def reason(self) -> str:
        """The last line of its standard error, without the mark of an error."""
        lines = self.complained.strip().splitlines() or [f"it ended with {self.code}"]
        return lines[-1].removeprefix("fer-edge: error: ").removeprefix("Error: ")


def run_there(
    connection: Connection, words: Sequence[str], files: Mapping[str, bytes | Path] | None = None
) -> Answer:
    """Run the fer-edge of a device's current release.

    Args:
        connection: To the device.
        words: Arguments; `FOLDER` in one stands for the folder of the files.
        files: Name -> content; they are removed afterwards.

    Raises:
        DeployError: Nothing is deployed there, or the connection was cut.
    """
    for name, data in (files or {}).items():
        content = data if isinstance(data, bytes) else data.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        connection.ask("put", content, place="scratch", name=name, digest=digest, size=len(content))
    return Answer(**connection.ask("run", words=list(words), timeout_s=LONGEST_S))
