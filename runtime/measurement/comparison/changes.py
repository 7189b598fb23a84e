"""Comparison of two benchmark reports: before and after, or two devices."""

from collections.abc import Collection
from dataclasses import dataclass

from fer_edge.errors import ReportError

from ..probes.results import ModelResult
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


@dataclass(frozen=True, slots=True)
class ReportComparison:
    """Comparison of two reports.

    Attributes:
        changes: Changes of the models in both reports.
        only_before: Models in the first report only.
        only_after: Models in the second report only.
        same_faces: Whether both were scored on the same faces; otherwise metrics of
            faces are not compared.
        same_reference: Whether the references of both have the same name and number format;
            otherwise the agreement with them is not compared.
        differences: Differences of device, software and protocol, as text.
    """

    changes: tuple[Change, ...]
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
    changes = []
    for name in common:
        for metric in METRICS.values():
            if metric.of_faces and not same_faces:
                continue
            if metric.of_reference and not same_reference:
                continue
            for count in threads if metric.per_thread else (0,):
                old, new = metric.read(ours[name], count), metric.read(theirs[name], count)
                if old is not None and new is not None:
                    change = _change(metric, old, new)
                    changes.append(Change(name, metric.name, count or None, old, new, change))
    return ReportComparison(
        changes=tuple(changes),
        only_before=tuple(name for name in ours if name not in theirs),
        only_after=tuple(name for name in theirs if name not in ours),
        same_faces=same_faces,
        same_reference=same_reference,
        differences=_differences(before, after),
    )


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
        figures = [f"{scale * value:.4g}" for value in (item.before, item.after)]
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


def _change(metric: Metric, before: float, after: float) -> float | None:
    if metric.unit == "points":
        return round(100 * (after - before), 9)  # a loss of exactly 0.3 is not more than 0.3
    return after / before if before > 0 else None


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
