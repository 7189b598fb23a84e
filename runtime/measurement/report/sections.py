"""The sections of a report below its first screen, the same in HTML and Markdown."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..probes.disagreements import Disagreement
from ..probes.end_to_end import EndToEnd
from .chart import Bar, Span, bars, spans
from .end_to_end_tables import answers, camera_table, detailed, end_to_end_table, stages_table
from .figures import milliseconds
from .group_tables import group_figure, group_tables, groupings
from .machine_tables import compute_table, look_table
from .report import Report
from .shapes import Figure
from .spread_figure import spread_figure
from .tables import (
    Table,
    accuracy_table,
    agreement_table,
    environment_table,
    latency_table,
    models_table,
    recall_table,
    scored,
    start_table,
)
from .verdict import headline


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a note is in small type."""

    text: str
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        title: Title with the model.
        names: Names of the classes.
        rows: Name of each true class, and its shares by predicted class.
    """

    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Face:
    """A face on which two models disagree.

    Attributes:
        source: Picture as a `data:` address.
        row: Row in the split.
        label: Its label.
        said: Prediction of each model.
    """

    source: str
    row: int
    label: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces side by side."""

    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """Blocks that are side by side if there is space."""

    blocks: "tuple[Block, ...]"


Block = Text | Table | Figure | Confusion | Faces | Beside


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report.

    Attributes:
        key: Anchor in the page's address.
        title: Title.
        blocks: Content; empty if nothing was measured.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]


def make_sections(
    report: Report, disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]] = ()
) -> tuple[Section, ...]:
    """Create the sections with content; see `report_to_html`."""
    found = (
        Section("accuracy", "Accuracy", tuple(_accuracy(report))),
        Section("groups", "Groups of faces", tuple(_groups(report))),
        Section("latency", "Latency", tuple(_latency(report))),
        Section("size", "Size, start and memory", tuple(_size(report))),
        Section("end-to-end", "End to end", tuple(_whole_frames(report))),
        Section("confusion", "Confusion", tuple(_confusions(report))),
        Section("disagreements", "Where they disagree", tuple(_faces(report, disagreements))),
        Section("environment", "Environment", (environment_table(report),)),
    )
    return tuple(section for section in found if section.blocks)


def _accuracy(report: Report) -> Iterator[Block]:
    if not scored(report):
        return
    yield from _present(accuracy_table(report), agreement_table(report))
    yield Beside(tuple(_present(_intervals(report), recall_table(report))))


def _groups(report: Report) -> Iterator[Block]:
    tables = list(group_tables(report))
    for grouping, accuracy, recall in zip(
        groupings(report), tables[::2], tables[1::2], strict=True
    ):
        yield accuracy
        yield Beside(tuple(_present(group_figure(report, grouping), recall)))


def _intervals(report: Report) -> Figure | None:
    rows = [
        Span(label, *(100 * value for value in (found.difference, *found.interval)))
        for label, model in report.named
        if (found := model.agreement)
    ]
    if not rows or report.reference is None:
        return None
    reference = report.labels[report.reference]
    chart = spans(
        rows,
        name=f"Accuracy against {reference}",
        description="A dot for the difference in points, a line for its paired 95% interval; "
        "the table has the numbers.",
        x=f"points of accuracy against {reference}",
    )
    return Figure(chart)


def _latency(report: Report) -> Iterator[Block]:
    if any(model.timings for model in report.models):
        for threads in report.plan.threads:
            yield latency_table(report, threads)
            use = compute_table(report, threads)
            yield Beside(tuple(_present(spread_figure(report, threads), use)))


def _size(report: Report) -> Iterator[Block]:
    yield models_table(report)
    for threads in report.plan.threads:
        if report.timed(threads):
            yield start_table(report, threads)


def _whole_frames(report: Report) -> Iterator[Block]:
    if report.end_to_end:
        yield from map(Text, answers(report))
        yield end_to_end_table(report)
        yield camera_table(report)
        yield from _present(look_table(report))
        for found in detailed(report):
            table = stages_table(report, found)
            yield Beside((table, _stages(table.title, found)))


def _stages(title: str, found: EndToEnd) -> Figure:
    chart = bars(
        [
            Bar(stage.stage, stage.per_frame_ms, f"{milliseconds(stage.per_frame_ms)} ms")
            for stage in found.stages
        ],
        name=f"Milliseconds per frame of each stage, {title}",
        description="A bar for each stage, the mean over all frames: together they add up to "
        "the frame; the table has the numbers.",
    )
    return Figure(chart, "Milliseconds per frame of each stage.")


def _confusions(report: Report) -> Iterator[Block]:
    """Yield the matrices of the reference and the headline model first, then the others."""
    line, found = headline(report), scored(report)
    if report.faces is None or not found:
        return
    lead = [
        report.models[index].path for index in (line.reference, line.model) if index is not None
    ]
    found.sort(key=lambda item: lead.index(item[1].path) if item[1].path in lead else len(lead))
    names = report.faces.class_names
    yield Text(
        "Rows: the true class; columns: the predicted class; percent of the row. Framed: correct.",
        is_note=True,
    )
    matrices = []
    for label, _, scores in found:
        counted = zip(names, scores.every_face.confusion, strict=True)
        rows = tuple(
            (name, tuple(count / max(1, sum(counts)) for count in counts))
            for name, counts in counted
        )
        matrices.append(Confusion(f"{label}, {scores.every_face.n:,} faces", names, rows))
    yield Beside(tuple(matrices))


def _faces(
    report: Report, disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]]
) -> Iterator[Block]:
    line = headline(report)
    if not disagreements or report.faces is None or line.reference is None:
        return
    reference, model = report.labels[line.reference], report.labels[line.model]
    classes = report.faces.class_names

    def told(name: str, said: int, probability: float | None, label: int) -> str:
        right = ", right" if said == label else ""
        sure = "" if probability is None else f" {probability:.0%}"
        return f"{name}{right}: {classes[said]}{sure}"

    yield Text(
        f"The {len(disagreements)} faces on which {reference} and {model} differ with the "
        "highest confidence. These pictures are part of this file: think before you share "
        "it.",
        is_note=True,
    )
    shown = []
    for item, image in disagreements:
        theirs = told(reference, item.reference, item.reference_probability, item.label)
        ours = told(model, item.model, item.model_probability, item.label)
        shown.append(Face(_png(image), item.row, classes[item.label], (theirs, ours)))
    yield Faces(tuple(shown))


def _png(image: NDArray[np.uint8]) -> str:
    _, data = cv2.imencode(".png", image)
    return f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"


def _present(*blocks: Block | None) -> Iterator[Block]:
    return (block for block in blocks if block is not None)
