"""The first screen of a report in HTML: the verdict's figures and the picture."""

from collections.abc import Sequence

from ..probes.measuring import ModelResult
from .chart import Point, scatter
from .figures import interval, megabytes, milliseconds, threads_text
from .markup import Markup, tag
from .report import Report, labels, timing, warnings
from .spread_figure import spread_figure
from .verdict import headline, pareto

_SHAPES = {
    "float32": "circle",
    "float16": "diamond",
    "dynamic": "triangle",
    "int8": "square",
    "int16x8": "wedge",
}


def subject(report: Report) -> str:
    """Say what was measured on, in a line."""
    device = report.device
    said = [device.board or device.cpu, f"{device.machine}, {device.cores} cores"]
    if report.faces:
        said.append(f"{report.faces.n:,} {report.faces.split} faces")
    return " · ".join([*said, report.made[:10]])


def meaning(report: Report) -> str:
    """Say what the interval in the verdict means; empty without one."""
    found = report.models[headline(report).model].agreement
    if found is None:
        return ""
    low, high = found.interval
    says = (
        "it holds zero, so these faces show no difference in accuracy."
        if low <= 0 <= high
        else "it does not hold zero, so chance alone does not explain the difference."
    )
    return f"In brackets the paired 95% interval on {found.n:,} faces: {says}"


def warning_box(report: Report) -> Markup:
    """Show what makes the latencies doubtful; nothing without a warning."""
    found = warnings(report)
    if not found:
        return Markup()
    return tag(
        "aside",
        tag("h2", "Before you trust the latencies"),
        tag("ul", *(tag("li", text) for text in found)),
        class_="warnings",
    )


def tiles(report: Report) -> Markup:
    """Show the headline model's four figures, the reference's below each."""
    line, names = headline(report), labels(report.models)
    model = report.models[line.model]
    tiles = [
        part
        for part in (
            _accuracy_tile(report, model, line.reference),
            _latency_tile(report, model, line.file),
            _size_tile(report, model, line.file),
            _agreement_tile(model, names, line.reference),
        )
        if part
    ]
    return tag("dl", *tiles, class_="tiles")


def _tile(name: str, big: str, *small: str) -> Markup:
    return tag(
        "div",
        tag("dt", name),
        tag("dd", big, class_="big"),
        *(tag("dd", line, class_="small") for line in small),
    )


def _accuracy_tile(report: Report, model: ModelResult, reference: int | None) -> Markup:
    if model.evaluation is None:
        return Markup()
    scores, without = model.evaluation.every_face, model.evaluation.without_duplicates
    small = [f"{without.accuracy:.2%} without duplicates"] if without else []
    if reference is not None and (theirs := report.models[reference].evaluation):
        small.insert(0, f"{labels(report.models)[reference]}: {theirs.every_face.accuracy:.2%}")
    return _tile("Accuracy", f"{scores.accuracy:.2%}", *small)


def _latency_tile(report: Report, model: ModelResult, file: int | None) -> Markup:
    if not model.timings:
        return Markup()
    found, small = model.timings[0], []
    if file is not None and report.models[file] is not model:
        base = timing(report.models[file], found.threads)
        if base:
            name = labels(report.models)[file]
            small.append(f"{name}: {milliseconds(base.steady.median_ms)} ms")
    small.append(f"p95 {milliseconds(found.steady.p95_ms)} ms")
    name = f"Median latency, {threads_text(found.threads)}"
    return _tile(name, f"{milliseconds(found.steady.median_ms)} ms", *small)


def _size_tile(report: Report, model: ModelResult, file: int | None) -> Markup:
    small = []
    if file is not None and report.models[file] is not model:
        name = labels(report.models)[file]
        small.append(f"{name}: {megabytes(report.models[file].size_bytes)}")
    if model.parameters is not None:
        small.append(f"{model.parameters:,} parameters")
    return _tile("File", megabytes(model.size_bytes), *small)


def _agreement_tile(model: ModelResult, names: Sequence[str], reference: int | None) -> Markup:
    found = model.agreement
    if found is None or reference is None:
        return Markup()
    return _tile(
        f"Same answer as {names[reference]}",
        f"{found.top1:.2%}",
        f"accuracy {100 * found.difference:+.2f} points",
        f"95% interval {interval(found)}",
    )


def picture(report: Report) -> Markup:
    """The accuracy-latency picture; without scores, the latencies alone."""
    front, names, threads = pareto(report), labels(report.models), report.plan.threads[0]
    points = []
    for index, (label, model) in enumerate(zip(names, report.models, strict=True)):
        found = timing(model, threads)
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
    best = ", ".join(names[index] for index in front)
    chart = scatter(
        points,
        name="Accuracy against latency",
        description=f"Fast and accurate is up and to the left. On the Pareto line: {best}. The "
        "tables below have the numbers.",
        x=f"median latency in ms, {threads_text(threads)} (logarithmic)",
        y="accuracy in %",
    )
    caption = (
        "Up and to the left is better. Filled marks on the dashed Pareto line: no other model is "
        "both faster and more accurate. Whiskers: the paired 95% interval against the reference."
    )
    return tag("figure", chart, tag("figcaption", caption))
