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

from ..probes.measuring import Disagreement
from .chart import Bar, Span, bars, spans
from .confusion_html import confusions
from .end_to_end_tables import answers, camera_table, detailed, end_to_end_table, stages_table
from .figures import milliseconds
from .html_table import table_to_html
from .markup import Markup, join, tag
from .opening import meaning, picture, subject, tiles, warning_box
from .report import Report, labels, timing
from .spread_figure import spread_figure
from .tables import (
    accuracy_table,
    agreement_table,
    compute_table,
    environment_table,
    latency_table,
    models_table,
    recall_table,
    scored,
    start_table,
    summary_table,
)
from .verdict import headline, verdict

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
        ("confusion", "Confusion", confusions(report)),
        ("disagreements", "Where they disagree", _faces(report, disagreements)),
        ("environment", "Environment", table_to_html(environment_table(report), "environment")),
    ]
    shown = [(key, title, body) for key, title, body in sections if body]
    title = f"fer-edge benchmark: {', '.join(dict.fromkeys(model.name for model in report.models))}"
    body = tag(
        "body",
        tag("header", tag("h1", "fer-edge benchmark"), tag("p", subject(report), class_="subject")),
        tag(
            "main",
            tag("p", verdict(report), class_="verdict"),
            tag("p", meaning(report), class_="meaning"),
            warning_box(report),
            tag(
                "div",
                tiles(report),
                picture(report),
                table_to_html(summary_table(report)),
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


def _contents(sections: Sequence[tuple[str, str, Markup]]) -> Markup:
    items = (tag("li", tag("a", title, href=f"#{key}")) for key, title, _ in sections)
    return tag("nav", tag("ul", *items), aria_label="Contents")


def _accuracy(report: Report) -> Markup:
    if not scored(report):
        return Markup()
    tables = (accuracy_table(report), agreement_table(report), recall_table(report))
    scores, against, recalls = (table_to_html(table) if table else Markup() for table in tables)
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


def _latency(report: Report) -> Markup:
    if not any(model.timings for model in report.models):
        return Markup()
    parts: list[Markup] = []
    for threads in report.plan.threads:
        parts.append(table_to_html(latency_table(report, threads)))
        parts.append(
            tag(
                "div",
                spread_figure(report, threads),
                table_to_html(compute_table(report, threads)),
                class_="pair",
            )
        )
    return join(parts)


def _size(report: Report) -> Markup:
    starts = [
        table_to_html(start_table(report, threads))
        for threads in report.plan.threads
        if any(timing(model, threads) for model in report.models)
    ]
    return join((table_to_html(models_table(report)), *starts))


def _end_to_end(report: Report) -> Markup:
    if not report.end_to_end:
        return Markup()
    parts = [tag("p", text) for text in answers(report)]
    parts.append(table_to_html(end_to_end_table(report)))
    parts.append(table_to_html(camera_table(report)))
    for found in detailed(report):
        table = stages_table(report, found)
        rows = [
            Bar(stage.stage, stage.per_frame_ms, f"{milliseconds(stage.per_frame_ms)} ms")
            for stage in found.stages
        ]
        chart = bars(
            rows,
            name=f"Milliseconds a frame of each stage, {table.title}",
            description="A bar for each stage, the mean over all frames: together they are the "
            "frame; the table has the numbers.",
        )
        figure = tag("figure", chart, tag("figcaption", "Milliseconds a frame of each stage."))
        parts.append(tag("div", table_to_html(table), figure, class_="pair"))
    return join(parts)


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
        theirs = _said(reference, item.reference, item.reference_probability, item, classes)
        ours = _said(model, item.model, item.model_probability, item, classes)
        items.append(
            tag(
                "li",
                _image(image, f"Face {item.row} of the split, labelled {classes[item.label]}"),
                tag("strong", f"labelled {classes[item.label]}"),
                tag("br"),
                theirs,
                tag("br"),
                ours,
            )
        )
    note = (
        f"The {len(items)} faces on which {reference} and {model} differ while both are surest. "
        "These pictures are part of this file: think before you pass it on."
    )
    return join((tag("p", note, class_="note"), tag("ul", *items, class_="faces")))


def _said(
    name: str, said: int, probability: float, item: Disagreement, classes: Sequence[str]
) -> str:
    right = ", right" if said == item.label else ""
    return f"{name}{right}: {classes[said]} {probability:.0%}"


def _image(image: NDArray[np.uint8], text: str) -> Markup:
    done, data = cv2.imencode(".png", image)
    if not done:
        return Markup()
    source = f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
    return tag("img", src=source, alt=text, width=_FACE_PX, height=_FACE_PX)
