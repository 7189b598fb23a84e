"""Learning rate and early stopping, as pure functions of the epochs so far.

The history is the only state, so a resumed run decides like an uninterrupted one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..recipes.recipe import Schedule
from ..reporting.history import Epoch


def learning_rate(
    schedule: Schedule, history: Sequence[Epoch], *, start: float, epochs: int
) -> float:
    """Return the learning rate of the epoch after `history`.

    Args:
        schedule: Schedule of the learning rate.
        history: Epochs so far.
        start: Learning rate before the schedule.
        epochs: Total number of epochs.
    """
    done = len(history)
    lowest = min(schedule.final, start)
    if schedule.kind == "cosine":
        if done < schedule.warmup_epochs:
            return start * (done + 1) / (schedule.warmup_epochs + 1)
        span = max(1, epochs - schedule.warmup_epochs)
        share = (done - schedule.warmup_epochs) / span
        return max(lowest, start * 0.5 * (1 + math.cos(math.pi * share)))
    if schedule.kind == "exponential":
        falls = done / schedule.decay_epochs
        return max(lowest, start * math.pow(schedule.factor, falls))
    if schedule.kind == "plateau":
        rate, best, waited = start, math.inf, 0
        for epoch in history:
            if epoch.validation_loss < best:
                best, waited = epoch.validation_loss, 0
                continue
            waited += 1
            if waited >= schedule.patience:
                rate, waited = max(lowest, rate * schedule.factor), 0
        return rate
    return start


@dataclass(frozen=True, slots=True)
class Stopping:
    """When a stage ends, and which of its epochs is kept.

    Attributes:
        epochs: Largest number of epochs.
        monitor: Epoch to keep: highest validation accuracy, lowest validation loss, or the last.
        patience: Number of epochs without improvement after which the stage ends; 0: never.
    """

    epochs: int
    monitor: Literal["accuracy", "loss", "last"] = "accuracy"
    patience: int = 0

    def best(self, history: Sequence[Epoch]) -> Epoch:
        """Return the epoch to keep, the earliest of equally good ones."""
        if self.monitor == "last":
            return history[-1]
        if self.monitor == "loss":
            return min(history, key=lambda epoch: epoch.validation_loss)
        return max(history, key=lambda epoch: epoch.validation_accuracy)

    def is_over(self, history: Sequence[Epoch]) -> bool:
        """Return whether all epochs are done, or the patience is exceeded."""
        if len(history) >= self.epochs:
            return True
        if not history:
            return False
        waited = history[-1].number - self.best(history).number
        return 0 < self.patience <= waited
