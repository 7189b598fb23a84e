"""Scores by group of faces: tables for all reports, a figure for the page."""

from collections.abc import Iterator

from fer_edge.evaluation.group_scores import LEAST_FACES, GroupScores, Interval

from .chart import Span, spans
from .figures import optional
from .report import Report
from .shapes import Figure
from .tables import Table, plain_keras, scored
from .verdict import headline

_FEW = 30
"""Below this number of faces, intervals are wider than most relevant differences."""


def group_tables(report: Report) -> Iterator[Table]:
    """Yield two tables per grouping: accuracy, and recall of each class."""
    for grouping in groupings(report):
        found = list(_rows(report, grouping))
        yield Table(
            f"Accuracy by {grouping}",
            (
                *("", "model", "faces", "accuracy", "95% interval"),
                *("calibration error", "overconfidence, points", "95% interval"),
            ),
            tuple(
                (
                    item.group,
                    label,
                    f"{item.n:,}",
                    f"{item.accuracy:.2%}",
                    _interval(item.accuracy_interval),
                    optional(item.calibration_error, "{:.2%}"),
                    "-" if item.overconfidence is None else f"{100 * item.overconfidence:+.1f}",
                    _interval(item.overconfidence_interval),
                )
                for label, item in found
            ),
            _note(report, found),
        ).measured()
        names = report.faces.class_names if report.faces else ()
        yield Table(
            f"Recall of each class by {grouping}",
            ("", "model", *names),
            tuple((item.group, label, *_recalls(item)) for label, item in found),
            "In brackets the 95% interval (Wilson).",
        )


def group_figure(report: Report, grouping: str) -> Figure | None:
    """Draw the difference of each group from all faces, for the headline model."""
    line = headline(report).model
    model, label = report.models[line], report.labels[line]
    if model.evaluation is None:
        return None
    whole = model.evaluation.every_face.accuracy
    rows = [
        Span(
            item.group,
            *(100 * (value - whole) for value in (item.accuracy, *item.accuracy_interval)),
        )
        for item in model.evaluation.groups
        if item.grouping == grouping
    ]
    if not rows:
        return None
    chart = spans(
        rows,
        name=f"Accuracy of {label} by {grouping}",
        description="A dot for each group's difference from the accuracy on all faces, a line "
        "for its 95% interval; the table has the numbers.",
        x=f"points of accuracy against all faces, {label}",
    )
    return Figure(chart)


def groupings(report: Report) -> tuple[str, ...]:
    """Return the names of the groupings."""
    names = (item.grouping for _, _, found in scored(report) for item in found.groups)
    return tuple(dict.fromkeys(names))


def _rows(report: Report, grouping: str) -> Iterator[tuple[str, GroupScores]]:
    """Yield model and scores, group by group, so that models are next to each other."""
    found = [
        (label, item)
        for label, _, evaluation in scored(report)
        for item in evaluation.groups
        if item.grouping == grouping
    ]
    order = list(dict.fromkeys(item.group for _, item in found))
    yield from sorted(found, key=lambda pair: order.index(pair[1].group))


def _note(report: Report, found: list[tuple[str, GroupScores]]) -> str:
    note = "Accuracy: Wilson's interval."
    if any(item.calibration_error is not None for _, item in found):
        note += (
            " Calibration error: it grows as the number of faces falls, so compare groups of "
            "similar size. Overconfidence: mean probability of the answer minus accuracy; it does "
            f"not grow. Its interval needs {LEAST_FACES} faces.{plain_keras(report)}"
        )
    few = sorted({item.group for _, item in found if item.n < _FEW})
    if few:
        note += f" Fewer than {_FEW} faces: {', '.join(few)}."
    return note


def _recalls(item: GroupScores) -> Iterator[str]:
    for recall, interval in zip(item.recall, item.recall_intervals, strict=True):
        yield "-" if recall is None or interval is None else f"{recall:.1%} {_interval(interval)}"


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    low, high = interval
    return f"[{100 * low:.1f}, {100 * high:.1f}]"
