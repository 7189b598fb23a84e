"""The outcome of a deployment to one host."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fer_edge.shown import masked, printable

State = Literal["deployed", "removed", "unchanged", "planned", "rolled back", "failed", "skipped"]

FAILED, ROLLED_BACK = 1, 3
"""Exit codes; 2 is a wrong command line or configuration."""


_LONGEST_LINE = 2000


def one_line(text: str) -> str:
    """Format a text of a device for one line of the terminal, without secrets of this machine."""
    return masked(" ".join(text[:_LONGEST_LINE].splitlines()))


def reason(error: Exception, address: str) -> str:
    """Return the text of an error without the address: a fleet shows its hosts by other names."""
    return str(error).removeprefix(f"{address}: ")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a deployment.

    Attributes:
        host: Name as given.
        state: deployed; removed: by --remove; unchanged: already up to date; planned: by --dry-run;
            rolled back: the new release was not healthy and the previous one runs; failed: the
            previous one still runs; skipped: another host failed first.
        release: Number of the running release; None for none, or if unknown.
        seconds: Duration.
        text: Description, in one sentence.
        largest_gap: Largest difference of a probability in the self-test; None without self-test.
    """

    host: str
    state: State
    release: int | None
    seconds: float
    text: str
    largest_gap: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether the host is up to date."""
        return self.state in ("deployed", "removed", "unchanged", "planned")


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return the exit code: 0, 1 if a host failed, 3 if one was rolled back."""
    states = {item.state for item in outcomes}
    if "rolled back" in states:
        return ROLLED_BACK
    return FAILED if states & {"failed", "skipped"} else 0


def table(outcomes: Sequence[Outcome]) -> str:
    """Format one line per host."""
    head = ("host", "state", "release", "seconds", "")
    rows = [
        (
            *(printable(item.host), item.state, str(item.release or "-")),
            *(f"{item.seconds:.1f}", printable(one_line(item.text), 1000)),
        )
        for item in outcomes
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(4)]
    lines = []
    for row in (head, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[4]]).rstrip())
    return "\n".join(lines)
