"""A report as one HTML file: no network, no script; readable on a phone, in print, in the dark.

Every chart has its table below it, for a screen reader and for whoever wants the numbers.
"""

import base64
from collections.abc import Sequence
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import __version__

from .benchmark import Disagreement, ModelResult
from .chart import Bar, Point, Span, Spread, bars, scatter, spans, spreads
from .figures import interval, megabytes, milliseconds, threads_text
from .markup import Markup, join, tag
from .report import Report, labels, timing, warnings
from .report_tables import (
    Table,
    accuracy_table,
    agreement_table,
    compute_table,
    end_to_end_table,
    environment_table,
    latency_table,
    models_table,
    recall_table,
    scored,
    start_table,
    summary_table,
)
from .verdict import headline, pareto, verdict

_SHAPES = {
    "float32": "circle",
    "float16": "diamond",
    "dynamic": "triangle",
    "int8": "square",
    "int16x8": "wedge",
}
_FACE_PX = 144


def report_to_html(
    report: Report,
    disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]] = (),
) -> str:
    """Write the page.

    Args:
        report: What was measured.
        disagreements: Faces (uint8, (height, width), grey) that the headline's model reads
            otherwise than the reference; they become part of the file.
    """
    sections = [
        ("accuracy", "Accuracy", _accuracy(report)),
        ("latency", "Latency", _latency(report)),
        ("size", "Size, start and memory", _size(report)),
        ("end-to-end", "End to end", _end_to_end(report)),
        ("confusion", "Confusion", _confusions(report)),
        ("disagreements", "Where they disagree", _faces(report, disagreements)),
        ("environment", "Environment", _table(environment_table(report), "environment")),
    ]
    shown = [(key, title, body) for key, title, body in sections if body]
    title = f"fer-edge benchmark: {', '.join(dict.fromkeys(model.name for model in report.models))}"
    body = tag(
        "body",
        tag(
            "header", tag("h1", "fer-edge benchmark"), tag("p", _subject(report), class_="subject")
        ),
        tag(
            "main",
            tag("p", verdict(report), class_="verdict"),
            tag("p", _meaning(report), class_="meaning"),
            _warnings(report),
            tag(
                "div",
                _tiles(report),
                _picture(report),
                _table(summary_table(report)),
                class_="first",
            ),
            _contents(shown),
            *(tag("section", tag("h2", name), part, id=key) for key, name, part in shown),
        ),
        tag(
            "footer",
            f"Made by fer-edge {__version__} on {report.made}. The same as data: report.json; as "
            "Markdown: report.md.",
        ),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup((files(__package__ or "") / "report.css").read_text("utf-8"))),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _subject(report: Report) -> str:
    device = report.device
    said = [device.board or device.cpu, f"{device.machine}, {device.cores} cores"]
    if report.faces:
        said.append(f"{report.faces.n:,} {report.faces.split} faces")
    return " · ".join([*said, report.made[:10]])


def _meaning(report: Report) -> str:
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


def _warnings(report: Report) -> Markup:
    found = warnings(report)
    if not found:
        return Markup()
    return tag(
        "aside",
        tag("h2", "Before you trust the latencies"),
        tag("ul", *(tag("li", text) for text in found)),
        class_="warnings",
    )


def _contents(sections: Sequence[tuple[str, str, Markup]]) -> Markup:
    items = (tag("li", tag("a", title, href=f"#{key}")) for key, title, _ in sections)
    return tag("nav", tag("ul", *items), aria_label="Contents")


def _tiles(report: Report) -> Markup:
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


def _picture(report: Report) -> Markup:
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
        return _spread(report, threads)
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


def _accuracy(report: Report) -> Markup:
    tables = (accuracy_table(report), agreement_table(report), recall_table(report))
    scores, against, recalls = (_table(table) if table else Markup() for table in tables)
    names = labels(report.models)
    rows = [
        Span(
            label,
            100 * model.agreement.difference,
            100 * model.agreement.interval[0],
            100 * model.agreement.interval[1],
        )
        for label, model in zip(names, report.models, strict=True)
        if model.agreement
    ]
    chart = Markup()
    if rows and report.reference is not None:
        reference = names[report.reference]
        chart = tag(
            "figure",
            spans(
                rows,
                name=f"Accuracy against {reference}",
                description="A dot for the difference in points, a line for its paired 95% "
                "interval; the table has the numbers.",
                x=f"points of accuracy against {reference}",
            ),
        )
    return join((scores, against, tag("div", chart, recalls, class_="pair")))


def _spread(report: Report, threads: int) -> Markup:
    rows = []
    for label, model in zip(labels(report.models), report.models, strict=True):
        if found := timing(model, threads):
            steady = found.steady
            end = steady.p99_ms or steady.p95_ms
            rows.append(
                Spread(
                    *(label, steady.minimum_ms, steady.p25_ms, steady.median_ms, steady.p75_ms),
                    high=end,
                    beyond=tuple(value for value in steady.worst_ms if value > end),
                )
            )
    if not rows:
        return Markup()
    chart = spreads(
        rows,
        name=f"Spread of the latency, {threads_text(threads)}",
        description="A box from the lower to the upper quartile with the median in it, a line from "
        "the fastest run to p99, rings for outliers; the table has the numbers.",
        x=f"latency in ms, {threads_text(threads)} (logarithmic)",
    )
    caption = "Box: quartiles and median. Line: fastest run to p99. Rings: the slowest outliers."
    return tag("figure", chart, tag("figcaption", caption))


def _latency(report: Report) -> Markup:
    if not any(model.timings for model in report.models):
        return Markup()
    parts: list[Markup] = []
    for threads in report.plan.threads:
        parts.append(_table(latency_table(report, threads)))
        parts.append(
            tag(
                "div",
                _spread(report, threads),
                _table(compute_table(report, threads)),
                class_="pair",
            )
        )
    return join(parts)


def _size(report: Report) -> Markup:
    starts = [
        _table(start_table(report, threads))
        for threads in report.plan.threads
        if any(timing(model, threads) for model in report.models)
    ]
    return join((_table(models_table(report)), *starts))


def _end_to_end(report: Report) -> Markup:
    parts = []
    for found in report.end_to_end:
        table = end_to_end_table(found)
        chart = bars(
            [Bar(s.stage, s.median_ms, f"{milliseconds(s.median_ms)} ms") for s in found.stages],
            name=f"Median time of each stage, {found.source}",
            description="A bar for each stage of a frame; the table has the numbers.",
        )
        parts.append(tag("div", _table(table), tag("figure", chart), class_="pair"))
    return join(parts)


def _confusions(report: Report) -> Markup:
    """The reference's and the headline's matrix side by side, then the others."""
    if report.faces is None:
        return Markup()
    line, found = headline(report), scored(report)
    lead = [
        report.models[index].path for index in (line.reference, line.model) if index is not None
    ]
    found.sort(key=lambda item: lead.index(item[1].path) if item[1].path in lead else len(lead))
    names = report.faces.class_names
    tables = [
        _confusion(f"{label}, {scores.every_face.n:,} faces", names, scores.every_face.confusion)
        for label, _, scores in found
    ]
    if not tables:
        return Markup()
    note = "Rows: the true class; columns: what the model said; per cent of the row. Framed: right."
    return join((tag("p", note, class_="note"), tag("div", *tables, class_="pair")))


def _confusion(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    rows = []
    for true, row in enumerate(counts):
        total = max(1, sum(row))
        cells = []
        for said, count in enumerate(row):
            share = count / total
            cells.append(
                tag(
                    "td",
                    f"{100 * share:.0f}",
                    class_="hit" if true == said else None,
                    style=f"--share: {share:.2f}",
                )
            )
        rows.append(tag("tr", tag("th", names[true], scope="row"), *cells))
    header = tag(
        "tr",
        tag("td", style="--share: 0"),
        *(tag("th", tag("abbr", name[:4], title=name), scope="col") for name in names),
    )
    table = tag("table", tag("caption", title), tag("thead", header), tag("tbody", *rows))
    return _scroll(table, title, "scroll confusion")


def _faces(
    report: Report, disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]]
) -> Markup:
    line, names = headline(report), labels(report.models)
    if not disagreements or report.faces is None or line.reference is None:
        return Markup()
    classes = report.faces.class_names
    reference, model = names[line.reference], names[line.model]
    items = []
    for item, image in disagreements:
        theirs = f"{reference}: {classes[item.reference]} {item.reference_probability:.0%}"
        ours = f"{model}: {classes[item.model]} {item.model_probability:.0%}"
        items.append(
            tag(
                "li",
                _image(image, f"Face {item.row} of the split, labelled {classes[item.label]}"),
                tag("strong", f"labelled {classes[item.label]}"),
                tag("br"),
                theirs + (" (right)" if item.reference == item.label else ""),
                tag("br"),
                ours + (" (right)" if item.model == item.label else ""),
            )
        )
    note = (
        f"The {len(items)} faces on which {reference} and {model} differ while both are surest. "
        "These pictures are part of this file: think before you pass it on."
    )
    return join((tag("p", note, class_="note"), tag("ul", *items, class_="faces")))


def _image(image: NDArray[np.uint8], text: str) -> Markup:
    done, data = cv2.imencode(".png", image)
    if not done:
        return Markup()
    source = f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
    return tag("img", src=source, alt=text, width=_FACE_PX, height=_FACE_PX)


def _table(table: Table, kind: str = "") -> Markup:
    words = {
        column
        for column in range(1, len(table.header))
        if not any(row[column][:1] in "0123456789+-[" for row in table.rows)
    }

    def cell(column: int, text: str) -> Markup:
        if column == 0:
            return tag("th", text, scope="row")
        return tag("td", text, class_="word" if column in words else None)

    rows = (
        tag("tr", *(cell(column, text) for column, text in enumerate(row))) for row in table.rows
    )
    head = Markup()
    if any(table.header):
        head = tag(
            "thead",
            tag(
                "tr",
                *(
                    tag("th", text, scope="col", class_="word" if column in words else None)
                    if text
                    else tag("td")
                    for column, text in enumerate(table.header)
                ),
            ),
        )
    caption = tag("caption", table.title) if any(table.header) else Markup()
    made = tag("table", caption, head, tag("tbody", *rows))
    note = tag("p", table.note, class_="note") if table.note else Markup()
    return tag("div", _scroll(made, table.title, f"scroll {kind}".strip()), note)


def _scroll(table: Markup, title: str, kind: str) -> Markup:
    return tag("div", table, class_=kind, role="region", aria_label=title, tabindex="0")
