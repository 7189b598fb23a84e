"""The metrics by which two reports are compared.

The help of `fer-edge compare` names them, so this module imports nothing that takes time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fer_edge.scoring.scores import Scores

    from ..probes.results import ModelResult, Timing

Unit = Literal["ratio", "points"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric for the comparison of reports.

    Attributes:
        name: Name in `--fail-if`.
        title: Title with its unit.
        unit: ratio (after / before) or points (100 x the difference of two shares).
        per_thread: Whether there is one value per thread count.
        of_faces: Whether it is measured on the face set, so that it can only be compared on the
            same faces.
        read: Function that returns the value of a model at a thread count. None: not measured.
        of_reference: Whether it is measured against the reference, so that it can only be compared
            with the same one.
    """

    name: str
    title: str
    unit: Unit
    per_thread: bool
    of_faces: bool
    read: "Callable[[ModelResult, int], float | None]"
    of_reference: bool = False


def _timed(
    name: str, title: str, read: "Callable[[Timing], float | None]", unit: Unit = "ratio"
) -> Metric:
    def figure(model: "ModelResult", threads: int) -> float | None:
        found = model.timing(threads)
        return None if found is None else read(found)

    return Metric(name, title, unit, per_thread=True, of_faces=False, read=figure)


def _scored(name: str, title: str, read: "Callable[[Scores], float | None]") -> Metric:
    def figure(model: "ModelResult", _threads: int) -> float | None:
        return None if model.evaluation is None else read(model.evaluation.every_face)

    return Metric(name, title, "points", per_thread=False, of_faces=True, read=figure)


def _size(model: "ModelResult", _threads: int) -> float:
    return model.size_bytes / 1e6


def _agreement(model: "ModelResult", _threads: int) -> float | None:
    return None if model.agreement is None else model.agreement.top1


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _timed("latency", "median ms", lambda t: t.steady.median_ms),
        _timed("p95", "p95 ms", lambda t: t.steady.p95_ms),
        _timed("p99", "p99 ms", lambda t: t.steady.p99_ms),
        _timed("load", "load ms", lambda t: t.start.load_ms),
        _timed("first", "first ms", lambda t: t.start.first_inference_ms),
        _timed("memory", "added MiB", lambda t: t.start.added_memory_mib),
        _timed("limit", "% of limit", lambda t: t.share_of_limit, "points"),
        Metric("size", "size MB", "ratio", False, False, _size),
        _scored("accuracy", "accuracy %", lambda s: s.accuracy),
        _scored("balanced", "balanced %", lambda s: s.balanced_accuracy),
        _scored("macro-f1", "macro-F1 %", lambda s: s.macro_f1),
        _scored("calibration", "calibration error %", lambda s: s.calibration_error),
        Metric("agreement", "same answer %", "points", False, True, _agreement, of_reference=True),
    )
}
"""By name, in table order. Shares are compared in points, all other values by ratio."""

CHIEF = ("latency", "p95", "memory", "size", "accuracy", "agreement")
"""Metrics of the short table."""


def metric_names(unit: Unit) -> str:
    """List the metrics of a unit, separated by commas."""
    return ", ".join(metric.name for metric in METRICS.values() if metric.unit == unit)
