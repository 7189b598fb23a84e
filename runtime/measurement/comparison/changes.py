"""Comparison of two benchmark reports: before and after, or two devices."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from fer_edge.errors import ReportError

from ..probes.results import ModelResult
from ..report.report import Report, timing

Unit = Literal["ratio", "points"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric for the comparison of reports.

    Attributes:
        name: Name in `--fail-if`.
        title: Title with its unit.
        unit: ratio (after / before) or points (100 x the difference of two shares).
        per_thread: Whether there is one value per thread count.
        read: Function that returns the value of a model at a thread count. None: not measured.
    """

    name: str
    title: str
    unit: Unit
    per_thread: bool
    read: Callable[[ModelResult, int], float | None]


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
class Comparison:
    """Comparison of two reports.

    Attributes:
        changes: Changes of the models in both reports.
        only_before: Models in the first report only.
        only_after: Models in the second report only.
        same_faces: Whether both were scored on the same faces; otherwise accuracy is not compared.
        differences: Differences of device, software and protocol, as text.
    """

    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    same_faces: bool
    differences: tuple[str, ...]


def _timed(read: Callable[..., float | None]) -> Callable[[ModelResult, int], float | None]:
    def figure(model: ModelResult, threads: int) -> float | None:
        found = timing(model, threads)
        return None if found is None else read(found)

    return figure


def _scored(read: Callable[..., float | None]) -> Callable[[ModelResult, int], float | None]:
    def figure(model: ModelResult, threads: int) -> float | None:
        return None if model.evaluation is None else read(model.evaluation.every_face)

    return figure


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("latency", "median ms", "ratio", True, _timed(lambda t: t.steady.median_ms)),
        Metric("p95", "p95 ms", "ratio", True, _timed(lambda t: t.steady.p95_ms)),
        Metric("p99", "p99 ms", "ratio", True, _timed(lambda t: t.steady.p99_ms)),
        Metric("load", "load ms", "ratio", True, _timed(lambda t: t.start.load_ms)),
        Metric("first", "first ms", "ratio", True, _timed(lambda t: t.start.first_inference_ms)),
        Metric("memory", "added MiB", "ratio", True, _timed(lambda t: t.start.added_memory_mib)),
        Metric("limit", "% of limit", "points", True, _timed(lambda t: t.share_of_limit)),
        Metric("size", "size MB", "ratio", False, lambda model, _: model.size_bytes / 1e6),
        Metric("accuracy", "accuracy %", "points", False, _scored(lambda s: s.accuracy)),
        Metric("balanced", "balanced %", "points", False, _scored(lambda s: s.balanced_accuracy)),
        Metric("macro-f1", "macro-F1 %", "points", False, _scored(lambda s: s.macro_f1)),
        Metric(
            *("calibration", "calibration error %", "points", False),
            _scored(lambda s: s.calibration_error),
        ),
        Metric(
            *("agreement", "same answer %", "points", False),
            lambda model, _: model.agreement.top1 if model.agreement else None,
        ),
    )
}
"""By name, in table order. Shares are compared in points, all other values by ratio."""

CHIEF = ("latency", "p95", "memory", "size", "accuracy", "agreement")
"""Metrics of the short table."""

_OF_FACES = ("accuracy", "balanced", "macro-f1", "calibration", "agreement")


def compare_reports(before: Report, after: Report) -> Comparison:
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
    threads = [count for count in before.plan.threads if count in after.plan.threads]
    changes = []
    for name in common:
        for metric in METRICS.values():
            if metric.name in _OF_FACES and not same_faces:
                continue
            for count in threads if metric.per_thread else (0,):
                old, new = metric.read(ours[name], count), metric.read(theirs[name], count)
                if old is not None and new is not None:
                    change = _change(metric, old, new)
                    changes.append(Change(name, metric.name, count or None, old, new, change))
    return Comparison(
        changes=tuple(changes),
        only_before=tuple(name for name in ours if name not in theirs),
        only_after=tuple(name for name in theirs if name not in ours),
        same_faces=same_faces,
        differences=_differences(before, after),
    )


def comparison_rows(
    comparison: Comparison, metrics: Collection[str] = tuple(METRICS)
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
        name = f"{model.name} ({model.numbers})"
        if name in found:
            raise ReportError(
                f"the {which} report has {name} twice ({found[name].path}, {model.path}); models "
                "are matched by name and number format: measure them in two reports"
            )
        found[name] = model
    return found


def _change(metric: Metric, before: float, after: float) -> float | None:
    if metric.unit == "points":
        return 100 * (after - before)
    return after / before if before > 0 else None


def _differences(before: Report, after: Report) -> tuple[str, ...]:
    pairs: tuple[tuple[str, object, object], ...] = (
        ("device", _device(before), _device(after)),
        ("governor", before.device.governor, after.device.governor),
        ("software", ", ".join(before.device.versions), ", ".join(after.device.versions)),
        ("rounds", before.plan.rounds, after.plan.rounds),
        ("threads", list(before.plan.threads), list(after.plan.threads)),
    )
    return tuple(f"{name}: {old} -> {new}" for name, old, new in pairs if old != new)


def _device(report: Report) -> str:
    device = report.device
    return f"{device.board or device.cpu}, {device.machine}, {device.cores} cores"
