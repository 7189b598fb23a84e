"""The first screen of a report: the figures of the verdict, and the chart."""

from dataclasses import dataclass

from ..probes.results import ModelResult
from .chart import Point, scatter
from .figures import interval, megabytes, milliseconds, threads_text
from .report import Report
from .shapes import Figure
from .spread_figure import spread_figure
from .verdict import headline, pareto

_SHAPES = {
    "float32": "circle",
    "float16": "diamond",
    "dynamic": "triangle",
    "int8": "square",
    "int16x8": "wedge",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure in large type, and the text below it."""

    name: str
    value: str
    details: tuple[str, ...]


def subject(report: Report) -> str:
    """Describe the measured machine and data in one line."""
    device = report.device
    said = [device.board or device.cpu, f"{device.machine}, {device.cores} cores"]
    if report.faces:
        said.append(f"{report.faces.n:,} {report.faces.split} faces")
    return " · ".join([*said, report.made[:10]])


def meaning(report: Report) -> str:
    """Explain the interval in the verdict; empty without one."""
    found = report.models[headline(report).model].agreement
    if found is None:
        return ""
    low, high = found.interval
    says = (
        "it contains zero, so these faces show no difference in accuracy."
        if low <= 0 <= high
        else "it does not contain zero, so the difference is more than chance."
    )
    return f"In square brackets: the paired 95% interval on {found.n:,} faces; {says}"


def tiles(report: Report) -> tuple[Tile, ...]:
    """Return the headline model's figures, with the reference's below each."""
    line = headline(report)
    model = report.models[line.model]
    found = (
        _accuracy_tile(report, model, line.reference),
        _latency_tile(report, model, line.file),
        _size_tile(report, model, line.file),
        _agreement_tile(report, model, line.reference),
    )
    return tuple(tile for tile in found if tile)


def _accuracy_tile(report: Report, model: ModelResult, reference: int | None) -> Tile | None:
    if model.evaluation is None:
        return None
    scores, without = model.evaluation.every_face, model.evaluation.without_duplicates
    small = [f"{without.accuracy:.2%} without duplicates"] if without else []
    if reference is not None and (theirs := report.models[reference].evaluation):
        small.insert(0, f"{report.labels[reference]}: {theirs.every_face.accuracy:.2%}")
    return Tile("Accuracy", f"{scores.accuracy:.2%}", tuple(small))


def _latency_tile(report: Report, model: ModelResult, file: int | None) -> Tile | None:
    if not model.timings:
        return None
    found, small = model.timings[0], []
    if file is not None and report.models[file] is not model:
        base = report.models[file].timing(found.threads)
        if base:
            name = report.labels[file]
            small.append(f"{name}: {milliseconds(base.steady.median_ms)} ms")
    small.append(f"p95 {milliseconds(found.steady.p95_ms)} ms")
    name = f"Median latency, {threads_text(found.threads)}"
    return Tile(name, f"{milliseconds(found.steady.median_ms)} ms", tuple(small))


def _size_tile(report: Report, model: ModelResult, file: int | None) -> Tile:
    small = []
    if file is not None and report.models[file] is not model:
        name = report.labels[file]
        small.append(f"{name}: {megabytes(report.models[file].size_bytes)}")
    if model.parameters is not None:
        small.append(f"{model.parameters:,} parameters")
    return Tile("File", megabytes(model.size_bytes), tuple(small))


def _agreement_tile(report: Report, model: ModelResult, reference: int | None) -> Tile | None:
    found = model.agreement
    if found is None or reference is None:
        return None
    return Tile(
        f"Same answer as {report.labels[reference]}",
        f"{found.top1:.2%}",
        (f"accuracy {100 * found.difference:+.2f} points", f"95% interval {interval(found)}"),
    )


def picture(report: Report) -> Figure | None:
    """Draw accuracy against latency; only latencies without scores, None without both."""
    front, threads = pareto(report), report.plan.threads[0]
    points = []
    for index, (label, model) in enumerate(report.named):
        found = model.timing(threads)
        if found is None or model.evaluation is None:
            continue
        accuracy = 100 * model.evaluation.every_face.accuracy
        low = high = 0.0
        if model.agreement:
            low, high = (
                100 * (end - model.agreement.difference) for end in model.agreement.interval
            )
        points.append(
            Point(
                label=label,
                x=found.steady.median_ms,
                y=accuracy,
                y_low=accuracy + low,
                y_high=accuracy + high,
                shape=_SHAPES.get(model.numbers.partition(" ")[0], "star"),
                front=index in front,
            )
        )
    if not points:
        return spread_figure(report, threads)
    best = ", ".join(report.labels[index] for index in front)
    chart = scatter(
        points,
        name="Accuracy against latency",
        description="Fast and accurate models are at the upper left. On the Pareto line: "
        f"{best}. The tables below have the numbers.",
        x=f"median latency in ms, {threads_text(threads)} (logarithmic)",
        y="accuracy in %",
    )
    caption = (
        "Upper left is better. Filled marks on the dashed Pareto line: no other model is "
        "both faster and more accurate. Whiskers: the paired 95% interval against the "
        "reference."
    )
    return Figure(chart, caption)
