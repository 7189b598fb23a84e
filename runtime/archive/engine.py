"""The interface for running tasks on workers, and its simplest form: a loop."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from .work import Outcome, Task, Tick, do_task

MOST_LOSSES = 3
"""A unit that killed this many workers is not tried again in this run."""

LOST = (
    f"its worker process was killed {MOST_LOSSES} times, by a signal or because the "
    "system ran out of memory; pass --retry with fewer --workers"
)

OnTick = Callable[[Tick], object]

OnLoss = Callable[[Task, bool], object]
"""Called when a worker died with a task, and with whether the task is tried again."""


class Engine(Protocol):
    """Runs tasks, several at a time."""

    workers: int

    def run(self, tasks: Iterable[Task], on_tick: OnTick, on_loss: OnLoss) -> Iterator[Outcome]:
        """Yield the outcome of each task when it arrives; leaving the loop stops the workers.

        Args:
            tasks: Tasks to run.
            on_tick: Called with the progress of a unit.
            on_loss: Called when a worker died with a task.
        """


class PlainLoop:
    """One task after the other, in this process."""

    workers = 1

    def run(self, tasks: Iterable[Task], on_tick: OnTick, on_loss: OnLoss) -> Iterator[Outcome]:
        """Run the tasks."""
        for task in tasks:
            yield do_task(task, on_tick)
