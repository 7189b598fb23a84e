"""Time of the next message: soon after a change, and at regular intervals without one."""

NEVER_S = float("-inf")


class Schedule:
    """The next time, on the monotonic clock; the first one is immediate.

    Attributes:
        due_s: Time of the next message.
    """

    def __init__(self, *, shortest_s: float, every_s: float) -> None:
        """Create the schedule.

        Args:
            shortest_s: Shortest interval; changes within it are sent together.
            every_s: Longest interval without a change.
        """
        self._shortest_s = shortest_s
        self._every_s = max(every_s, 0.0)
        self._told_s = NEVER_S
        self.due_s = NEVER_S

    def is_due(self, now_s: float) -> bool:
        """Return whether a message is due."""
        return now_s >= self.due_s

    def changed(self) -> None:
        """Request a message as soon as possible."""
        self.due_s = min(self.due_s, self._told_s + self._shortest_s)

    def told(self, now_s: float) -> None:
        """Note that a message was sent."""
        self._told_s, self.due_s = now_s, now_s + self._every_s
