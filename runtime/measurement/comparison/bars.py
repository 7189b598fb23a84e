"""Limits for a comparison: `latency>1.10x`, `accuracy<-0.3`.

    BAR    = METRIC COMPARE NUMBER UNIT
    METRIC = latency, p95, size, accuracy, ...   (a key of metrics.METRICS)
    COMPARE = > >= < <=
    UNIT   = x        after / before, for everything that is not a share
             points   after - before in points (may be left out), for accuracy and other shares

A limit is crossed when the condition holds for any model, at any thread count in both reports.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from fer_edge.errors import ReportError

from ..report.figures import threads_text
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
        ReportError: A text is not a limit.
    """
    return tuple(_parse(part) for text in texts for part in text.split(","))


def crossed(bars: tuple[Bar, ...], comparison: ReportComparison) -> list[tuple[Bar, Change]]:
    """Find all changes that cross a limit.

    Raises:
        ReportError: A limit needs a value that one of the reports does not have, so it could never
            be crossed.
    """
    found = []
    for bar in bars:
        changes = [
            item
            for item in comparison.changes
            if item.metric == bar.metric and item.change is not None
        ]
        if not changes:
            why = "the reports share no model that has it"
            if METRICS[bar.metric].of_faces and not comparison.same_faces:
                why = "they were not scored on the same faces (pass the same --data to both)"
            elif METRICS[bar.metric].of_reference and not comparison.same_reference:
                why = "they have different references (pass the same --reference to both)"
            raise ReportError(f"'{bar.text}' cannot be checked on these reports: {why}")
        holds = _COMPARE[bar.compare]
        found += [
            (bar, item)
            for item in changes
            if item.change is not None and holds(item.change, bar.number)
        ]
    return found


def describe_crossing(bar: Bar, change: Change) -> str:
    """Describe a crossed limit."""
    threads = "" if change.threads is None else f" with {threads_text(change.threads)}"
    unit = "x" if METRICS[bar.metric].unit == "ratio" else " points"
    value = 0.0 if change.change is None else change.change
    sign = "" if unit == "x" else "+"
    return f"{bar.text}: {change.model}{threads} has {value:{sign}.3f}{unit}"


def _parse(text: str) -> Bar:
    match = _BAR.fullmatch(text)
    if match is None:
        raise ReportError(
            f"'{text}' is not a limit; expected METRIC, one of > >= < <=, a number and its unit: "
            "latency>1.10x or accuracy<-0.3"
        )
    metric, compare, number, unit = match.groups()
    if metric not in METRICS:
        raise ReportError(
            f"'{text}' has the metric '{metric}'; expected one of {', '.join(METRICS)}"
        )
    kind = METRICS[metric].unit
    if unit not in _UNITS[kind]:
        wanted = (
            f"as a ratio, after / before: {metric}{compare}1.10x"
            if kind == "ratio"
            else f"in points: {metric}{compare}-0.3"
        )
        raise ReportError(f"'{text}': {metric} is compared {wanted}")
    return Bar(text.strip(), metric, compare, float(number))
