"""When to tell a thing again: soon after a change, and every so often without one."""

NEVER_S = float("-inf")


class Schedule:
    """The next time, on the monotonic clock; the first one is at once.

    Attributes:
        due_s: When it is to be told again.
    """

    def __init__(self, *, shortest_s: float, every_s: float) -> None:
        """Create it.

        Args:
            shortest_s: Changes that follow each other faster are told together.
            every_s: So long after the last time it is told without a change.
        """
        self._shortest_s = shortest_s
        self._every_s = max(every_s, 0.0)
        self._told_s = NEVER_S
        self.due_s = NEVER_S

    def is_due(self, now_s: float) -> bool:
        """Return whether to tell it now."""
        return now_s >= self.due_s

    def changed(self) -> None:
        """Tell it as soon as may be."""
        self.due_s = min(self.due_s, self._told_s + self._shortest_s)

    def told(self, now_s: float) -> None:
        """Note that it was told."""
        self._told_s, self.due_s = now_s, now_s + self._every_s
