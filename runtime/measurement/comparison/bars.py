"""Limits for a comparison: `latency>1.10x`, `accuracy<-0.3`.

    BAR    = METRIC COMPARE NUMBER UNIT
    METRIC = latency, p95, size, accuracy, ...   (a key of metrics.METRICS)
    COMPARE = > >= < <=
    UNIT   = x        after / before, for everything that is not a share
             points   after - before in points (may be left out), for accuracy and other shares

A limit is crossed when the condition holds for any model, at any thread count in both reports. If
none is crossed, it is an error if a model of the first report has the value in one report only, or
no model has it in both: the limit could not fail.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from fer_edge.errors import ConfigError, ReportError

from ..report.figures import significant, threads_text
from .changes import Change, ReportComparison
from .metrics import METRICS

_BAR = re.compile(r"\s*([a-z0-9-]+)\s*(>=|<=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*([a-z]*)\s*")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_UNITS = {"ratio": ("x",), "points": ("", "points", "point")}


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit.

    Attributes:
        text: Original text.
        metric: Key of `METRICS`.
        compare: Key of `_COMPARE`.
        number: A ratio, or points.
    """

    text: str
    metric: str
    compare: str
    number: float


def parse_bars(texts: tuple[str, ...]) -> tuple[Bar, ...]:
    """Parse limits, separated by commas in a text.

    Raises:
        ConfigError: A text is not a limit.
    """
    return tuple(_parse(part) for text in texts for part in text.split(","))


def crossed(bars: tuple[Bar, ...], comparison: ReportComparison) -> list[tuple[Bar, Change]]:
    """Find all changes that cross a limit.

    Raises:
        ReportError: No limit is crossed, and one of them needs a value that one of the reports does
            not have.
    """
    holding = [
        (bar, item)
        for bar in bars
        for item in comparison.changes
        if item.metric == bar.metric and _COMPARE[bar.compare](item.for_limits, bar.number)
    ]
    if not holding:
        _check_values(bars, comparison)
    return holding


def _check_values(bars: tuple[Bar, ...], comparison: ReportComparison) -> None:
    """Check that limits that were not crossed could have been.

    Raises:
        ReportError: One of them could not.
    """
    for bar in bars:
        changes = [item for item in comparison.changes if item.metric == bar.metric]
        gaps = [item for item in comparison.gaps if item.metric == bar.metric]
        if not changes:
            why = "the reports share no model that has it"
            if METRICS[bar.metric].of_faces and not comparison.same_faces:
                why = "they were not scored on the same faces (pass the same --data to both)"
            elif METRICS[bar.metric].of_reference and not comparison.same_reference:
                why = "they have different references (pass the same --reference to both)"
            raise ReportError(f"'{bar.text}' cannot be checked on these reports: {why}")
        if gaps:
            gap = gaps[0]
            why = f"{gap.model}{_with_threads(gap.threads)} {gap.reason}"
            raise ReportError(f"'{bar.text}' cannot be checked on these reports: {why}")


def describe_crossing(bar: Bar, change: Change) -> str:
    """Describe a crossed limit."""
    unit = "x" if METRICS[bar.metric].unit == "ratio" else " points"
    sign = "" if unit == "x" else "+"
    value = f"has {change.for_limits:{sign}.3f}{unit}"
    if change.change is None:
        value = f"went from {significant(change.before, 4)} to {significant(change.after, 4)}"
    return f"{bar.text}: {change.model}{_with_threads(change.threads)} {value}"


def _with_threads(threads: int | None) -> str:
    return "" if threads is None else f" with {threads_text(threads)}"


def _parse(text: str) -> Bar:
    match = _BAR.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"'{text}' is not a limit; expected METRIC, one of > >= < <=, a number and its unit: "
            "latency>1.10x or accuracy<-0.3"
        )
    metric, compare, number, unit = match.groups()
    if metric not in METRICS:
        raise ConfigError(
            f"'{text}' has the metric '{metric}'; expected one of {', '.join(METRICS)}"
        )
    kind = METRICS[metric].unit
    if unit not in _UNITS[kind]:
        wanted = (
            f"as a ratio, after / before: {metric}{compare}1.10x"
            if kind == "ratio"
            else f"in points: {metric}{compare}-0.3"
        )
        raise ConfigError(f"'{text}': {metric} is compared {wanted}")
    return Bar(text.strip(), metric, compare, float(number))
