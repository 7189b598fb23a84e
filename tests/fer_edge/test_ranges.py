"""Ranges of numbers in the Python interface."""

import math

import numpy as np
import pytest

from fer_edge.errors import ConfigError
from fer_edge.ranges import check_range


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.int64(1)])
def test_a_number_of_the_range_is_accepted(value: float) -> None:
    check_range("share", value, 0, 1)


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, math.nan, math.inf, "0.5", None, True, [0.5], 10**400, -(10**400)]
)
def test_everything_else_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match=r"^'share' is .*, expected a number from 0 to 1$"):
        check_range("share", value, 0, 1)


def test_none_is_accepted_only_as_a_default() -> None:
    check_range("rate", None, 0, is_optional=True)
    with pytest.raises(ConfigError, match="'rate' is -1, expected a number from 0, or None"):
        check_range("rate", -1, 0, is_optional=True)


def test_an_open_end_and_whole_numbers() -> None:
    with pytest.raises(ConfigError, match="'rate' is 0, expected a number above 0"):
        check_range("rate", 0, 0, is_above=True)
    with pytest.raises(ConfigError, match=r"'every' is 1.5, expected a whole number from 1"):
        check_range("every", 1.5, 1, is_whole=True)
    with pytest.raises(ConfigError, match="'rate' is inf"):
        check_range("rate", math.inf, 0)
    with pytest.raises(ConfigError, match="'every' is inf, expected a whole number from 1"):
        check_range("every", 10**5000, 1, is_whole=True)
