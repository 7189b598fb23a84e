"""The axes of a chart: mapping of values to pixels, and round tick values."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps values to pixels, linearly or logarithmically."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Return round values within a range, about `count` at most."""
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    return [
        round(step * number, 10) for number in range(math.ceil(low / step), int(high // step) + 1)
    ]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2, 5 of each decade within a range, or more values if these are too few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for factors in (
        (1,),
        (1, 2, 5),
        (1, 1.5, 2, 3, 4, 5, 7),
        tuple(k / 10 for k in range(10, 100)),
    ):
        marks = [factor * 10.0**power for power in decades for factor in factors]
        found = [round(mark, 10) for mark in marks if low <= mark <= high]
        if len(found) >= 3:
            return found if len(found) <= 9 else found[:: math.ceil(len(found) / 8)]
    return found
