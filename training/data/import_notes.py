"""Notes of an import, in addition to its result, and skipped files."""

import logging
from collections import Counter
from dataclasses import dataclass, field

from fer_edge.errors import FerEdgeError
from fer_edge.pictures.folder import DAMAGED, describe_left_out

log = logging.getLogger(__name__)

_NAMED = 10


@dataclass(slots=True)
class Notes:
    """Notes that are logged when the import has succeeded; a failed import only has its error.

    Attributes:
        skips_broken: Whether damaged files or rows are skipped; otherwise the first ends the
            import.
        lines: Notes to log.
        skipped: Skipped files or rows.
    """

    skips_broken: bool = False
    lines: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Add a note."""
        self.lines.append(line)

    def skip(self, name: str, error: FerEdgeError) -> None:
        """Note an unreadable file or row.

        Raises:
            FerEdgeError: It must not be skipped; the given error.
        """
        if not self.skips_broken:
            raise error
        self.skipped.append(name)

    def add_left_out(self, read: int, left_out: Counter[str], *, noun: str) -> None:
        """Note the number of files that were read, and those that were left out."""
        everything = left_out + Counter({DAMAGED: len(self.skipped)})
        if everything:
            self.add(describe_left_out(read, everything, noun=noun))
        if self.skipped:
            more = len(self.skipped) - _NAMED
            names = ", ".join(self.skipped[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            self.add(f"skipped {len(self.skipped)} damaged {noun}: {names}")

    def tell(self) -> None:
        """Log all notes."""
        for line in self.lines:
            log.warning("%s", line)
