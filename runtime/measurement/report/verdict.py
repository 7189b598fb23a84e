"""The verdict of a report in one sentence, and the Pareto-optimal models."""

from dataclasses import dataclass

from ..probes.results import ModelResult
from .figures import interval, megabytes, milliseconds
from .report import Report

_NEAR = 1.05  # below this, a ratio counts as equal


@dataclass(frozen=True, slots=True)
class Headline:
    """The models of the verdict, as indices into the report's.

    Attributes:
        model: The first int8 file given; otherwise the fastest one that is not the reference.
        reference: Reference model, if any.
        file: float32 file for size and speed: the reference, unless that is a Keras network.
    """

    model: int
    reference: int | None
    file: int | None


def headline(report: Report) -> Headline:
    """Select the models of the verdict."""
    models, reference = report.models, report.reference
    timed = [index for index, model in enumerate(models) if model.timings]
    others = [index for index in timed if index != reference]
    int8 = [index for index in others if models[index].numbers.startswith("int8")]
    fastest = sorted(others, key=lambda index: models[index].timings[0].steady.median_ms)
    chosen = (int8 or fastest or timed or [0])[0]
    file = reference
    if file is None or not models[file].timings:
        floats = [index for index in timed if models[index].numbers == "float32"]
        file = floats[0] if floats else None
    return Headline(chosen, None if reference == chosen else reference, file)


def verdict(report: Report) -> str:
    """Format the verdict in one sentence."""
    line, names = headline(report), report.labels
    model, name = report.models[line.model], names[line.model]
    accuracy = _accuracy(model)
    against = "" if line.reference is None else f" against {names[line.reference]}"
    if line.file is None or line.file == line.model:
        return _alone(report, model, f"{name} {accuracy}{against}" if accuracy else model.name)
    baseline = report.models[line.file]
    cost = (
        f"is {_speed(report, model, baseline)} and {_size(model, baseline)} {names[line.file]} on "
        "this device."
    )
    if not accuracy:
        return f"{name} {cost}"
    if line.file == line.reference:
        return f"{name} {accuracy}, {cost}"
    return f"{name} {accuracy}{against}; it {cost}"


def pareto(report: Report) -> tuple[int, ...]:
    """Return the models that no other one beats in both accuracy and latency, the fastest first.

    The latency is the median at the first thread count.
    """
    found = [
        (model.timings[0].steady.median_ms, -model.evaluation.every_face.accuracy, index)
        for index, model in enumerate(report.models)
        if model.timings and model.evaluation
    ]
    front: list[int] = []
    best = 1.0
    for _, missed, index in sorted(found):
        if missed < best:
            front.append(index)
            best = missed
    return tuple(front)


def _accuracy(model: ModelResult) -> str:
    agreement = model.agreement
    if agreement is None:
        return ""
    low, high = agreement.interval
    change = f"{100 * abs(agreement.difference):.2f}"
    if change == "0.00":
        return f"keeps the accuracy {interval(agreement)}"
    if low <= 0 <= high:
        points = f"{100 * agreement.difference:+.2f} points {interval(agreement)}"
        return f"shows no measurable difference in accuracy ({points})"
    verb = "gains" if agreement.difference > 0 else "loses"
    return f"{verb} {change} point{'' if change == '1.00' else 's'} {interval(agreement)}"


def _speed(report: Report, model: ModelResult, baseline: ModelResult) -> str:
    threads = report.plan.threads[0]
    ours, theirs = model.timing(threads), baseline.timing(threads)
    if ours is None or theirs is None:
        return "as fast"
    ratio = theirs.steady.median_ms / ours.steady.median_ms
    if 1 / _NEAR < ratio < _NEAR:
        return "as fast"
    return f"{ratio:.1f} times faster" if ratio > 1 else f"{1 / ratio:.1f} times slower"


def _size(model: ModelResult, baseline: ModelResult) -> str:
    ratio = baseline.size_bytes / model.size_bytes
    if 1 / _NEAR < ratio < _NEAR:
        return "as large as"
    return f"{ratio:.1f} times smaller than" if ratio > 1 else f"{1 / ratio:.1f} times larger than"


def _alone(report: Report, model: ModelResult, subject: str) -> str:
    figures = []
    if model.timings:
        found = model.timings[0]
        threads = f"{found.threads} thread{'s' if found.threads > 1 else ''}"
        figures.append(f"{milliseconds(found.steady.median_ms)} ms (median, {threads})")
    if model.evaluation and report.faces:
        accuracy = model.evaluation.every_face.accuracy
        figures.append(f"{accuracy:.2%} accuracy on {report.faces.n:,} {report.faces.split} faces")
    figures.append(megabytes(model.size_bytes))
    return f"{subject}: {', '.join(figures)} on this device."
