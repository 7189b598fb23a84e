"""Comparison of two benchmark reports: before and after, or two devices."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from fer_edge.errors import ReportError

from ..probes.results import ModelResult
from ..report.figures import significant
from ..report.report import Report
from .metrics import METRICS, Metric


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of one model in both reports.

    Attributes:
        model: Name and number format.
        metric: Name of the metric.
        threads: Thread count; None for a metric without one.
        before: Value in the first report.
        after: Value in the second report.
        change: A ratio, or points; None for a ratio to zero.
    """

    model: str
    metric: str
    threads: int | None
    before: float
    after: float
    change: float | None

    @property
    def for_limits(self) -> float:
        """The change as a limit sees it: more than zero is infinitely many times zero."""
        if self.change is not None:
            return self.change
        return math.inf if self.after > self.before else 1.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A metric that a model of the first report has in one of the reports only.

    Attributes:
        model: Name and number format.
        metric: Name of the metric.
        threads: Thread count; None for a metric without one.
        reason: Description, for a message.
    """

    model: str
    metric: str
    threads: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ReportComparison:
    """Comparison of two reports.

    Attributes:
        changes: Changes of the models in both reports.
        gaps: Metrics of models of the first report without a value in one of the reports. What a
            model cannot have, such as the latency of a Keras network, is not among them.
        only_before: Models in the first report only.
        only_after: Models in the second report only.
        same_faces: Whether both were scored on the same faces; otherwise metrics of
            faces are not compared.
        same_reference: Whether the references of both have the same name and number format;
            otherwise the agreement with them is not compared.
        differences: Differences of device, software and protocol, as text.
    """

    changes: tuple[Change, ...]
    gaps: tuple[Gap, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    same_faces: bool
    same_reference: bool
    differences: tuple[str, ...]


def compare_reports(before: Report, after: Report) -> ReportComparison:
    """Compare the models in both reports, matched by name and number format.

    Raises:
        ReportError: They have no model in common, or a model occurs twice.
    """
    ours, theirs = _by_name(before, "first"), _by_name(after, "second")
    common = [name for name in ours if name in theirs]
    if not common:
        raise ReportError(
            f"the reports have no model in common: {', '.join(ours)} against "
            f"{', '.join(theirs)}; models are matched by name and number format"
        )
    same_faces = bool(before.faces and after.faces and before.faces.digest == after.faces.digest)
    same_reference = _reference(before) == _reference(after)
    threads = [count for count in before.plan.threads if count in after.plan.threads]
    metrics = [
        metric
        for metric in METRICS.values()
        if (same_faces or not metric.of_faces) and (same_reference or not metric.of_reference)
    ]
    found = [
        _compare(metric, count, name, ours[name], theirs.get(name))
        for name in ours
        for metric in metrics
        for count in (threads if metric.per_thread else (0,))
    ]
    return ReportComparison(
        changes=tuple(item for item in found if isinstance(item, Change)),
        gaps=tuple(item for item in found if isinstance(item, Gap)),
        only_before=tuple(name for name in ours if name not in theirs),
        only_after=tuple(name for name in theirs if name not in ours),
        same_faces=same_faces,
        same_reference=same_reference,
        differences=_differences(before, after),
    )


def change_of(metric: Metric, before: float, after: float) -> float | None:
    """Return the change of a value in the metric's unit: a ratio, or points.

    Returns:
        The change; None for a ratio to zero.
    """
    if metric.unit == "points":
        return round(100 * (after - before), 9)  # a loss of exactly 0.3 is not more than 0.3
    return round(after / before, 9) if before > 0 else None


def comparison_rows(
    comparison: ReportComparison, metrics: Collection[str] = tuple(METRICS)
) -> list[list[str]]:
    """Format the changes of some metrics as cells of text, the header first."""
    rows = [["model", "figure", "threads", "before", "after", "change"]]
    last = ""
    for item in comparison.changes:
        if item.metric not in metrics:
            continue
        metric = METRICS[item.metric]
        scale = 100 if metric.unit == "points" else 1
        change = "-"
        if item.change is not None:
            change = f"{item.change:+.2f} points" if scale == 100 else f"{item.change:.2f}x"
        threads = "" if item.threads is None else str(item.threads)
        figures = [significant(scale * value, 4) for value in (item.before, item.after)]
        name = "" if item.model == last else item.model
        rows.append([name, metric.title, threads, *figures, change])
        last = item.model
    return rows


def _by_name(report: Report, which: str) -> dict[str, ModelResult]:
    found: dict[str, ModelResult] = {}
    for model in report.models:
        name = _name(model)
        if name in found:
            raise ReportError(
                f"the {which} report has {name} twice ({found[name].path}, {model.path}); models "
                "are matched by name and number format: measure them in two reports"
            )
        found[name] = model
    return found


def _name(model: ModelResult) -> str:
    return f"{model.name} ({model.numbers})"


def _reference(report: Report) -> str | None:
    return None if report.reference is None else _name(report.models[report.reference])


def _compare(
    metric: Metric, count: int, name: str, ours: ModelResult, theirs: ModelResult | None
) -> Change | Gap | None:
    """Compare a value; None if the model has it in neither report."""
    threads, old = count or None, metric.read(ours, count)
    if theirs is None:
        only = "is only in the first report"
        return None if old is None else Gap(name, metric.name, threads, only)
    new = metric.read(theirs, count)
    if old is not None and new is not None:
        return Change(name, metric.name, threads, old, new, change_of(metric, old, new))
    if old is None and new is None:
        return None
    which = "second" if old is not None else "first"
    return Gap(name, metric.name, threads, f"has no value of it in the {which} report")


def _differences(before: Report, after: Report) -> tuple[str, ...]:
    pairs: tuple[tuple[str, object, object], ...] = (
        ("device", _device(before), _device(after)),
        ("governor", before.device.governor, after.device.governor),
        ("software", ", ".join(before.device.versions), ", ".join(after.device.versions)),
        ("rounds", before.plan.rounds, after.plan.rounds),
        ("threads", list(before.plan.threads), list(after.plan.threads)),
        ("reference", _reference(before) or "none", _reference(after) or "none"),
    )
    return tuple(f"{name}: {old} -> {new}" for name, old, new in pairs if old != new)


def _device(report: Report) -> str:
    device = report.device
    return f"{device.board or device.cpu}, {device.machine}, {device.cores} cores"
