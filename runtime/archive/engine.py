"""What brings tasks to workers, and the simplest: a plain loop."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from .work import Outcome, Task, Tick, do_task

MOST_LOSSES = 3
"""A unit that took so many workers with it is not tried again in this run."""

LOST = (
    f"its worker process was killed {MOST_LOSSES} times, by a signal or since the system was out "
    "of memory; pass --retry with fewer --workers"
)

OnTick = Callable[[Tick], object]


class Engine(Protocol):
    """Does tasks, several at once."""

    workers: int

    def run(
        self, tasks: Iterable[Task], on_tick: OnTick, on_loss: Callable[[Task], object]
    ) -> Iterator[Outcome]:
        """Yield the outcome of each task as it comes; leaving the loop stops the workers.

        Args:
            tasks: What to do.
            on_tick: Called with how far a unit is.
            on_loss: Called when a worker died with a task, which is then tried again.
        """


class PlainLoop:
    """One task after the other, in this process."""

    workers = 1

    def run(
        self, tasks: Iterable[Task], on_tick: OnTick, on_loss: Callable[[Task], object]
    ) -> Iterator[Outcome]:
        """Do them."""
        for task in tasks:
            yield do_task(task, on_tick)
