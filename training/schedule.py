"""When to lower the learning rate and when to stop: pure functions of the epochs so far.

Nothing is remembered between epochs but the history, so a resumed run decides as an uninterrupted
one would.
"""

import csv
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fer_edge.errors import TrainingError
from fer_edge.files import whole_file

from .recipe import Recipe


@dataclass(frozen=True, slots=True)
class Epoch:
    """One finished epoch; accuracies are shares, 0 to 1."""

    number: int
    learning_rate: float
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
    top3: float = math.nan
    """Share of faces whose label is among the three likeliest; not a number in the history of a run
    from before it was measured."""
    validation_top3: float = math.nan


def learning_rate(recipe: Recipe, history: Sequence[Epoch]) -> float:
    """Return the learning rate of the epoch that follows `history`."""
    schedule = recipe.schedule
    done = len(history)
    if schedule.kind == "cosine":
        if done < schedule.warmup_epochs:
            return recipe.learning_rate * (done + 1) / (schedule.warmup_epochs + 1)
        span = max(1, recipe.epochs - schedule.warmup_epochs)
        share = (done - schedule.warmup_epochs) / span
        return max(schedule.final, recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share)))
    if schedule.kind == "exponential":
        falls = done / schedule.decay_epochs
        return max(schedule.final, recipe.learning_rate * math.pow(schedule.factor, falls))
    if schedule.kind == "plateau":
        rate, best, waited = recipe.learning_rate, math.inf, 0
        for epoch in history:
            if epoch.validation_loss < best:
                best, waited = epoch.validation_loss, 0
                continue
            waited += 1
            if waited >= schedule.patience:
                rate, waited = max(schedule.final, rate * schedule.factor), 0
        return rate
    return recipe.learning_rate


def best_epoch(
    history: Sequence[Epoch], monitor: Literal["accuracy", "loss"] = "accuracy"
) -> Epoch:
    """Return the epoch with the best validation accuracy or loss, the earliest of equals."""
    if monitor == "loss":
        return min(history, key=lambda epoch: epoch.validation_loss)
    return max(history, key=lambda epoch: epoch.validation_accuracy)


def is_finished(recipe: Recipe, history: Sequence[Epoch]) -> bool:
    """Tell whether training is over: all epochs done, or patience spent."""
    if not history:
        return False
    if len(history) >= recipe.epochs:
        return True
    waited = history[-1].number - best_epoch(history, recipe.monitor).number
    return 0 < recipe.early_stopping_patience <= waited


def save_history(history: Sequence[Epoch], path: Path) -> None:
    """Write the epochs as CSV."""
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in dataclasses.fields(Epoch))
        writer.writerows(dataclasses.astuple(epoch) for epoch in history)


def load_history(path: Path) -> list[Epoch]:
    """Read the epochs that `save_history` wrote.

    Raises:
        TrainingError: The file is missing or damaged.
    """
    try:
        with path.open(newline="") as file:
            return [
                Epoch(int(row.pop("number")), **{key: float(value) for key, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} cannot be read: {error}; train again") from error
