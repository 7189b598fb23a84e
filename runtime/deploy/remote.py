"""fer-edge on a device, run from here, for its doctor and its benchmark."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .connection import Connection

FOLDER = "{folder}"
"""Placeholder in an argument for the folder with the files on the device."""

LONGEST_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of the run.

    Attributes:
        code: Exit code.
        said: Standard output.
        complained: Standard error.
    """

    code: int
    said: str
    complained: str

    @property
    def reason(self) -> str:
        """Last line of its standard error, without the error prefix."""
        lines = self.complained.strip().splitlines() or [f"exit code {self.code}"]
        return lines[-1].removeprefix("fer-edge: error: ").removeprefix("Error: ")


def run_there(
    connection: Connection, words: Sequence[str], files: Mapping[str, bytes | Path] | None = None
) -> Answer:
    """Run the fer-edge of a device's current release.

    Args:
        connection: To the device.
        words: Arguments; `FOLDER` in them is replaced by the folder with the files.
        files: Name -> content; removed afterwards.

    Raises:
        DeployError: Nothing is deployed there, the connection was cut, or the answer is not the
            agent's.
    """
    for name, data in (files or {}).items():
        content = data if isinstance(data, bytes) else data.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        connection.ask("put", content, place="scratch", name=name, digest=digest, size=len(content))
    return connection.ask_for(Answer, "run", words=list(words), timeout_s=LONGEST_S)
