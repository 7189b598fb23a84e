"""What a user states about another project's network."""

from dataclasses import dataclass
from typing import Any

from fer_edge.errors import ConfigError
from fer_edge.model.card_checks import MOST_RANGE, fault_of_labels, is_input_range
from fer_edge.ranges import check_range

from ..option_values import names_in

SIZES_PX = (8, 512)
"""Smallest and largest side of a network's input."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The user's statements about a network without a run folder.

    Attributes:
        labels: Classes in output order, at least two.
        input_range: Real values for black and white with which the network was trained.
        size_px: Side of the square input, if the network does not fix it; 8 to 512.
        are_checked: Whether labels and range are rejected if others score much better.

    Raises:
        ConfigError: A value has the wrong type or is out of its range.
    """

    labels: tuple[str, ...]
    input_range: tuple[float, float] = (0.0, 1.0)
    size_px: int | None = None
    are_checked: bool = True

    def __post_init__(self) -> None:
        # the way to set a field of a frozen dataclass
        object.__setattr__(self, "labels", names_in(self.labels, "labels"))
        if fault := fault_of_labels(self.labels):
            raise ConfigError(f"'labels' has {fault}")
        _check_range(self.input_range)
        check_range("size_px", self.size_px, *SIZES_PX, is_whole=True, is_optional=True)


def _check_range(values: Any) -> None:
    are_numbers = isinstance(values, tuple) and all(isinstance(n, int | float) for n in values)
    if not are_numbers or len(values) != 2 or not is_input_range(*values):
        raise ConfigError(
            f"input_range is {values!r}, expected the values of black and white, black below "
            f"white, both within {-MOST_RANGE:g} to {MOST_RANGE:g}, such as (0.0, 1.0)"
        )
