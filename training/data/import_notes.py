"""What an import has to say beside its result, and what it skipped."""

import logging
from collections import Counter
from dataclasses import dataclass, field

from fer_edge.errors import FerEdgeError
from fer_edge.pictures.folder import DAMAGED, describe_left_out

log = logging.getLogger(__name__)

_NAMED = 10


@dataclass(slots=True)
class Notes:
    """Lines that wait until the import has succeeded: one that fails says why, and no more.

    Attributes:
        skips_broken: Whether damaged files or rows are skipped; else the first ends the import.
        lines: What is to be said.
        skipped: The files or rows that were skipped.
    """

    skips_broken: bool = False
    lines: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Note a line."""
        self.lines.append(line)

    def skip(self, name: str, error: FerEdgeError) -> None:
        """Note a file or row that cannot be read.

        Raises:
            FerEdgeError: It may not be skipped; the error that was given.
        """
        if not self.skips_broken:
            raise error
        self.skipped.append(name)

    def add_left_out(self, read: int, left_out: Counter[str], *, noun: str) -> None:
        """Note how much was read, and what was left out, if anything was."""
        everything = left_out + Counter({DAMAGED: len(self.skipped)})
        if everything:
            self.add(describe_left_out(read, everything, noun=noun))
        if self.skipped:
            more = len(self.skipped) - _NAMED
            names = ", ".join(self.skipped[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            self.add(f"skipped {len(self.skipped)} damaged {noun}: {names}")

    def tell(self) -> None:
        """Log every line."""
        for line in self.lines:
            log.warning("%s", line)
