"""The epochs of a run, and the CSV file that stores them."""

import csv
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fer_edge.errors import TrainingError
from fer_edge.files import whole_file

StageName = Literal["float", "qat"]


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
    """Share of faces whose label is among the three most probable ones; not a number in the history
    of older runs, which did not measure it."""
    validation_top3: float = math.nan


def save_history(history: Sequence[Epoch], path: Path) -> None:
    """Write the epochs as CSV."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in dataclasses.fields(Epoch))
        writer.writerows(dataclasses.astuple(epoch) for epoch in history)


def load_history(path: Path) -> list[Epoch]:
    """Read the epochs from `save_history`.

    Raises:
        TrainingError: The file is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Epoch(int(row.pop("number")), **{key: float(value) for key, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise TrainingError(f"{path} cannot be read: {error}; train again") from error
