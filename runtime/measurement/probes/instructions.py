"""Arm64 instructions of an inference, counted elsewhere: `benchmark --instructions FILE`.

`python -m benchmarks.arm64_instructions` writes the file on a machine that has qemu. A figure
belongs to a flatbuffer, known by its sha256, so a file's name and its card may change.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from fer_edge.documents import read_json
from fer_edge.errors import ReportError
from fer_edge.schema import SchemaError, decode, encode

_COUNT = "count with: python -m benchmarks.arm64_instructions MODEL... --out FILE"


@dataclass(frozen=True, slots=True)
class ModelInstructions:
    """The figure of one flatbuffer.

    Attributes:
        name: From its card; the file's stem where it has none.
        sha256: Of the flatbuffer, as in the card.
        arm64_instructions: Guest instructions of one inference.
    """

    name: str
    sha256: str
    arm64_instructions: int


@dataclass(frozen=True, slots=True)
class Instructions:
    """What was counted, and on what.

    Attributes:
        cpu: The processor that qemu emulated.
        qemu: Its version.
        models: One for each file.
    """

    cpu: str
    qemu: str
    models: tuple[ModelInstructions, ...]

    def of(self, sha256: str | None) -> int | None:
        """Return the figure of a flatbuffer; None if it was not counted."""
        found = (item.arm64_instructions for item in self.models if item.sha256 == sha256)
        return next(found, None)


def instructions_to_json(instructions: Instructions) -> str:
    """Write the file's text."""
    return json.dumps(encode(instructions), indent=1, ensure_ascii=False) + "\n"


def read_instructions(path: Path) -> Instructions:
    """Read the file.

    Raises:
        ReportError: It cannot be read, or is not such a file.
    """
    try:
        found = decode(Instructions, read_json(path))
    except OSError as error:
        raise ReportError(
            f"instructions {path} cannot be read: {error.strerror}; {_COUNT}"
        ) from error
    except SchemaError as error:
        raise ReportError(f"{path} holds no arm64 instructions: {error}; {_COUNT}") from error
    for item in found.models:
        if item.arm64_instructions < 1:
            raise ReportError(
                f"{path} is damaged: {item.name} has {item.arm64_instructions} instructions, "
                f"expected more than 0; {_COUNT}"
            )
    return found
