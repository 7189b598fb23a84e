"""What became of a deployment to one host."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["deployed", "removed", "unchanged", "planned", "rolled back", "failed", "skipped"]

FAILED, ROLLED_BACK = 1, 3
"""Exit codes; 2 is a wrong command line or configuration."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of it.

    Attributes:
        host: As it was named.
        state: deployed; removed: of --remove; unchanged: it had everything; planned: of --dry-run;
            rolled back: the new release was not well and the one before runs; failed: the one
            before runs as ever; skipped: another host failed first.
        release: Number of the release that runs; None for none, or where it is not known.
        seconds: How long it took.
        text: In one sentence.
        largest_gap: Of a probability in the self-test; None where there was none.
    """

    host: str
    state: State
    release: int | None
    seconds: float
    text: str
    largest_gap: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether the host has what it shall have."""
        return self.state in ("deployed", "removed", "unchanged", "planned")


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0, or what a program should know: 1 where one failed, 3 where one was rolled back."""
    states = {item.state for item in outcomes}
    if "rolled back" in states:
        return ROLLED_BACK
    return FAILED if states & {"failed", "skipped"} else 0


def table(outcomes: Sequence[Outcome]) -> str:
    """Write a line a host."""
    head = ("host", "state", "release", "seconds", "")
    rows = [
        (item.host, item.state, str(item.release or "-"), f"{item.seconds:.1f}", item.text)
        for item in outcomes
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(4)]
    lines = []
    for row in (head, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[4]]).rstrip())
    return "\n".join(lines)
