"""What the HTML page of a report shows, computed once; `templates/` say where it stands."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import __version__

from ..probes.disagreements import Disagreement
from ..probes.end_to_end import EndToEnd
from .chart import Bar, Span, bars, spans
from .end_to_end_tables import answers, camera_table, detailed, end_to_end_table, stages_table
from .figures import milliseconds
from .opening import Tile, meaning, picture, subject, tiles
from .report import Report, timing, warnings
from .shapes import Figure
from .spread_figure import spread_figure
from .tables import (
    Table,
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


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well the models read the faces; tables that have no rows are None."""

    scores: Table | None
    against: Table | None
    intervals: Figure | None
    recalls: Table | None


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an inference takes at one thread count."""

    latencies: Table
    spread: Figure | None
    use: Table


@dataclass(frozen=True, slots=True)
class WholeFrames:
    """How fast whole frames are read, and what each stage of a frame takes."""

    answers: tuple[str, ...]
    full_speed: Table
    camera: Table
    stages: tuple[tuple[Table, Figure], ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        title: Whose it is.
        names: Of the classes.
        rows: Of each true class its name, and the share of it that was called each class.
    """

    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class DisputedFace:
    """A face that two models read differently.

    Attributes:
        source: The picture itself, as a `data:` address.
        row: Its number in the split.
        label: What it is labelled.
        theirs: What the reference said.
        ours: What the other model said.
    """

    source: str
    row: int
    label: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Faces on which a model and its reference differ."""

    reference: str
    model: str
    faces: tuple[DisputedFace, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page; parts that were not measured are None or empty."""

    title: str
    subject: str
    verdict: str
    meaning: str
    warnings: tuple[str, ...]
    tiles: tuple[Tile, ...]
    picture: Figure | None
    summary: Table
    accuracy: Accuracy | None
    latency: tuple[Latency, ...]
    files: Table
    starts: tuple[Table, ...]
    end_to_end: WholeFrames | None
    confusions: tuple[Confusion, ...]
    disagreements: Disagreements | None
    environment: Table
    version: str
    made: str


def make_page(
    report: Report, disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]] = ()
) -> Page:
    """Compute what a page shows; see `report_to_html`."""
    names = ", ".join(dict.fromkeys(model.name for model in report.models))
    is_timed = any(model.timings for model in report.models)
    return Page(
        title=f"fer-edge benchmark: {names}",
        subject=subject(report),
        verdict=verdict(report),
        meaning=meaning(report),
        warnings=warnings(report),
        tiles=tiles(report),
        picture=picture(report),
        summary=summary_table(report),
        accuracy=_accuracy(report) if scored(report) else None,
        latency=tuple(_latency(report, count) for count in report.plan.threads if is_timed),
        files=models_table(report),
        starts=tuple(
            start_table(report, threads)
            for threads in report.plan.threads
            if any(timing(model, threads) for model in report.models)
        ),
        end_to_end=_whole_frames(report) if report.end_to_end else None,
        confusions=_confusions(report),
        disagreements=_disagreements(report, disagreements),
        environment=environment_table(report),
        version=__version__,
        made=report.made,
    )


def _accuracy(report: Report) -> Accuracy:
    rows = [
        Span(label, *(100 * value for value in (found.difference, *found.interval)))
        for label, model in report.named
        if (found := model.agreement)
    ]
    intervals = None
    if rows and report.reference is not None:
        reference = report.labels[report.reference]
        chart = spans(
            rows,
            name=f"Accuracy against {reference}",
            description="A dot for the difference in points, a line for its paired 95% interval; "
            "the table has the numbers.",
            x=f"points of accuracy against {reference}",
        )
        intervals = Figure(chart)
    return Accuracy(
        accuracy_table(report), agreement_table(report), intervals, recall_table(report)
    )


def _latency(report: Report, threads: int) -> Latency:
    return Latency(
        latency_table(report, threads),
        spread_figure(report, threads),
        compute_table(report, threads),
    )


def _whole_frames(report: Report) -> WholeFrames:
    return WholeFrames(
        answers(report),
        end_to_end_table(report),
        camera_table(report),
        tuple(_stages(stages_table(report, found), found) for found in detailed(report)),
    )


def _stages(table: Table, found: EndToEnd) -> tuple[Table, Figure]:
    chart = bars(
        [
            Bar(stage.stage, stage.per_frame_ms, f"{milliseconds(stage.per_frame_ms)} ms")
            for stage in found.stages
        ],
        name=f"Milliseconds a frame of each stage, {table.title}",
        description="A bar for each stage, the mean over all frames: together they are the frame; "
        "the table has the numbers.",
    )
    return table, Figure(chart, "Milliseconds a frame of each stage.")


def _confusions(report: Report) -> tuple[Confusion, ...]:
    """Return the reference's and the headline's matrix first, then the others."""
    if report.faces is None:
        return ()
    line, found = headline(report), scored(report)
    lead = [
        report.models[index].path for index in (line.reference, line.model) if index is not None
    ]
    found.sort(key=lambda item: lead.index(item[1].path) if item[1].path in lead else len(lead))
    names = report.faces.class_names
    return tuple(
        Confusion(
            f"{label}, {scores.every_face.n:,} faces",
            names,
            tuple(
                (name, tuple(count / max(1, sum(counts)) for count in counts))
                for name, counts in zip(names, scores.every_face.confusion, strict=True)
            ),
        )
        for label, _, scores in found
    )


def _disagreements(
    report: Report, disagreements: Sequence[tuple[Disagreement, NDArray[np.uint8]]]
) -> Disagreements | None:
    line = headline(report)
    if not disagreements or report.faces is None or line.reference is None:
        return None
    reference, model = report.labels[line.reference], report.labels[line.model]
    classes = report.faces.class_names

    def told(name: str, said: int, probability: float, label: int) -> str:
        right = ", right" if said == label else ""
        return f"{name}{right}: {classes[said]} {probability:.0%}"

    return Disagreements(
        reference,
        model,
        tuple(
            DisputedFace(
                _png(image),
                item.row,
                classes[item.label],
                told(reference, item.reference, item.reference_probability, item.label),
                told(model, item.model, item.model_probability, item.label),
            )
            for item, image in disagreements
        ),
    )


def _png(image: NDArray[np.uint8]) -> str:
    _, data = cv2.imencode(".png", image)
    return f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
