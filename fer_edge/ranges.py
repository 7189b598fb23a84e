"""Ranges of the numbers that callers of the Python interface pass."""

import math
from numbers import Integral, Real
from typing import Any

from fer_edge.errors import ConfigError


def check_range(
    name: str,
    value: Any,
    low: float,
    high: float | None = None,
    *,
    is_above: bool = False,
    is_whole: bool = False,
    is_optional: bool = False,
) -> None:
    """Reject a value that is not a number of a range.

    Args:
        name: Name of the argument, for the message.
        value: The value.
        low: Lowest number.
        high: Highest number; None for no limit, but a finite number.
        is_above: Whether `low` itself is excluded.
        is_whole: Whether only integers are accepted.
        is_optional: Whether None is accepted, as a default.

    Raises:
        ConfigError: It is not a number, not finite or out of range.
    """
    if value is None and is_optional:
        return
    # NumPy's numbers are accepted, too; comparisons with NaN are false
    is_number = isinstance(value, Integral if is_whole else Real) and not isinstance(value, bool)
    number = _as_float(value) if is_number else math.nan
    is_inside = (low < number if is_above else low <= number) and number < math.inf
    if not is_inside or (high is not None and number > high):
        # Python does not write integers of thousands of digits
        shown = f"{number}" if is_number and math.isinf(number) else repr(value)
        what = "a whole number" if is_whole else "a number"
        bound = f"{'above' if is_above else 'from'} {low:g}"
        most = "" if high is None else f" to {high:g}"
        none = ", or None" if is_optional else ""
        raise ConfigError(f"'{name}' is {shown}, expected {what} {bound}{most}{none}")


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
