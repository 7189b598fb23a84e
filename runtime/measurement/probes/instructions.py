"""Arm64 instructions of an inference, counted elsewhere: `benchmark --instructions FILE`.

`python -m benchmarks.arm64_instructions` writes the file on a machine with qemu. A count belongs to
a flatbuffer, identified by its sha256, so the file name and the card may change.
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
    """The count of one flatbuffer.

    Attributes:
        name: Name from its card; otherwise the stem of the file.
        sha256: Sha256 of the flatbuffer, as in the card.
        arm64_instructions: Guest instructions of one inference.
    """

    name: str
    sha256: str
    arm64_instructions: int


@dataclass(frozen=True, slots=True)
class Instructions:
    """Counts, and how they were made.

    Attributes:
        cpu: Processor that qemu emulated.
        qemu: Version of qemu.
        models: One per file.
    """

    cpu: str
    qemu: str
    models: tuple[ModelInstructions, ...]

    def of(self, sha256: str | None) -> int | None:
        """Return the count of a flatbuffer; None if unknown."""
        found = (item.arm64_instructions for item in self.models if item.sha256 == sha256)
        return next(found, None)


def instructions_to_json(instructions: Instructions) -> str:
    """Format the content of the file."""
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
        raise ReportError(f"{path} has no arm64 instructions: {error}; {_COUNT}") from error
    for item in found.models:
        if item.arm64_instructions < 1:
            raise ReportError(
                f"{path} is damaged: {item.name} has {item.arm64_instructions} instructions, "
                f"expected more than 0; {_COUNT}"
            )
    return found
