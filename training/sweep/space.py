"""The search space of a sweep: keys of a recipe, each with a range or a list."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fer_edge.errors import RecipeError

_RANGE_KEYS = {"low", "high", "log", "step"}

Value = Any
"""Value of a recipe key: a number, text, boolean, or a list of these."""


class Asking(Protocol):
    """Source of values: a trial of Optuna."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Choose a number."""

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Choose an integer."""

    def suggest_categorical(self, name: str, choices: tuple[Any, ...]) -> Any:
        """Choose one of several values."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from low to high; integers if both, and the step, are integers.

    Attributes:
        low: Lowest value.
        high: Highest value.
        log: Whether to sample on a logarithmic scale: 1e-4 to 1e-3 as often as 1e-3 to 1e-2.
        step: Distance between values; None allows all.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def samples(self) -> tuple[Value, ...]:
        """Both ends, and the first step, to check the recipe."""
        second = self.high if self.step is None else min(self.high, self.low + self.step)
        return (self.low, second, self.high)

    def ask(self, name: str, trial: Asking) -> Value:
        """Let a trial choose."""
        low, high, step = self.low, self.high, 1 if self.step is None else self.step
        if isinstance(low, int) and isinstance(high, int) and isinstance(step, int):
            return trial.suggest_int(name, low, high, step=step, log=self.log)
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; lists among them are kept as JSON, which Optuna can store."""

    values: tuple[Value, ...]

    @property
    def samples(self) -> tuple[Value, ...]:
        """All values, to check the recipe."""
        return self.values

    def ask(self, name: str, trial: Asking) -> Value:
        """Let a trial choose."""
        plain = tuple(json.dumps(v) if isinstance(v, list) else v for v in self.values)
        return self.values[plain.index(trial.suggest_categorical(name, plain))]


Space = Mapping[str, Range | Choice]
"""Dotted key of the recipe -> its search space."""


def parse_space(table: Mapping[str, Any], where: str) -> Space:
    """Read the table `search` of a sweep.

    Args:
        table: `learning_rate = {low = 1e-4, high = 1e-2, log = true}`, `batch_size = [32, 64]`, and
            tables of these, such as `optimizer.kind = ["adam", "sgd"]`.
        where: Name of the file in messages.

    Raises:
        RecipeError: A key has neither a range nor a list.
    """
    space = dict(_entries(table, "", where))
    if not space:
        raise RecipeError(
            f"{where}: [search] is empty; expected recipe keys, for example batch_size = [32, 64]"
        )
    return space


def _entries(
    table: Mapping[str, Any], prefix: str, where: str
) -> Iterator[tuple[str, Range | Choice]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, list):
            yield name, _choice(name, value, where)
        elif isinstance(value, dict) and {"low", "high"} & value.keys():
            yield name, _range(name, value, where)
        elif isinstance(value, dict):
            yield from _entries(value, f"{name}.", where)
        else:
            raise RecipeError(
                f"{where}: 'search.{name}' is {value!r}, expected a list of values, or a range "
                "such as {low = 1e-4, high = 1e-2, log = true}"
            )


def _choice(name: str, values: list[Value], where: str) -> Choice:
    # JSON text, since true equals 1, and a list has no hash
    count = len({json.dumps(value, default=str) for value in values})
    if count < 2:
        raise RecipeError(
            f"{where}: 'search.{name}' has {count} different value{'s' * (count != 1)}, expected "
            "two or more; put constant values into the recipe"
        )
    return Choice(tuple(values))


def _range(name: str, table: Mapping[str, Any], where: str) -> Range:
    unknown = table.keys() - _RANGE_KEYS
    if unknown or not {"low", "high"} <= table.keys():
        raise RecipeError(
            f"{where}: 'search.{name}' has {', '.join(table)}; expected low and high, and "
            "optionally log or step"
        )
    low, high, step = table["low"], table["high"], table.get("step")
    numbers = [low, high, *([] if step is None else [step])]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):
        raise RecipeError(f"{where}: 'search.{name}': expected numbers, got {dict(table)}")
    log = table.get("log", False)
    if not isinstance(log, bool):
        raise RecipeError(
            f"{where}: 'search.{name}.log' is {log!r}, expected true or false, without quotes"
        )
    if not low < high or (log and low <= 0) or (step is not None and (step <= 0 or log)):
        raise RecipeError(
            f"{where}: 'search.{name}': expected low < high, low above 0 with log, and a step "
            f"above 0 without log, got {dict(table)}"
        )
    if step is not None and low + step > high and not math.isclose(low + step, high):
        raise RecipeError(
            f"{where}: 'search.{name}' has only the value {low}, expected a step of at most "
            "high - low; put constant values into the recipe"
        )
    return Range(low, high, log, step)
