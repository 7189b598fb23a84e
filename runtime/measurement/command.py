"""`fer-edge benchmark`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.cli.command_options import PATH, Options, SectionedCommand

from ..tracking.config import FacesConfig
from .clip_options import CLIP_OPTIONS, check_videos
from .device_options import (
    DEVICE_OPTIONS,
    check_device_options,
    measure_devices,
    options_for_devices,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_edge.faces.faceset import FaceSet

    from .probes.disagreements import Disagreement
    from .probes.results import Benchmark
    from .report.report import Report

MOST_FACES = 24


def _thread_counts(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        counts = sorted({int(word) for word in text.split(",")})
    except ValueError:
        counts = []
    if not counts or not 1 <= counts[0] <= counts[-1] <= 64:
        raise click.BadParameter(
            f"'{text}' is not a list of thread counts; expected numbers from 1 to 64, for "
            "example 1,2,4"
        )
    return tuple(counts)


_MODEL_OPTIONS = (
    click.Option(
        ["--data"], type=PATH, metavar="FILE", help="Face set (.npz) for accuracy and agreement."
    ),
    click.Option(
        ["--split"],
        default="validation",
        show_default=True,
        metavar="NAME",
        help="Split of the face set.",
    ),
    click.Option(
        ["--groups"],
        type=PATH,
        metavar="FILE",
        help="CSV file with the column `face` (row in the face set) and others, such as age: "
        "the groups of each are scored separately, with 95% intervals.",
    ),
    click.Option(
        ["--reference"],
        metavar="NAME|FILE",
        help="Model to measure agreement against. Default: the first float32 model.",
    ),
    click.Option(
        ["--threads"],
        callback=_thread_counts,
        metavar="N,...",
        help=(
            "Numbers of CPU threads to measure with, such as 1,2,4.  [default: 1, and all cores up "
            "to 64]"
        ),
    ),
    click.Option(
        ["--rounds"],
        default=10,
        show_default=True,
        type=click.IntRange(1),
        metavar="N",
        help="Number of rounds; in each, every model gets a turn of up to 50 inferences.",
    ),
    click.Option(
        ["--quick"],
        is_flag=True,
        help="Short run: 2 rounds, 1 thread, memory measured once and videos processed once.",
    ),
)
_REPORT_OPTIONS = (
    click.Option(
        ["--instructions", "counted"],
        type=PATH,
        metavar="FILE",
        help="Also report the arm64 instructions of an inference: a .json file of "
        "benchmarks.arm64_instructions, which counts them under qemu. Models are found in "
        "it by their sha256.",
    ),
    click.Option(
        ["--report", "folder"],
        type=PATH,
        metavar="DIR",
        help="Folder for report.html, report.json and report.md.",
    ),
    click.Option(
        ["--with-faces"],
        is_flag=True,
        help=f"Include up to {MOST_FACES} faces on which int8 and float disagree in report.html. "
        "They are pictures of people: think before you share the file.",
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Print the report as JSON."),
)
_SECTIONS: dict[str, Options] = {
    "Models": _MODEL_OPTIONS,
    "Videos": CLIP_OPTIONS,
    "Devices": DEVICE_OPTIONS,
    "Report": _REPORT_OPTIONS,
}


@click.command(cls=SectionedCommand, sections=_SECTIONS)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
def benchmark(
    models: tuple[str, ...],
    data: Path | None,
    split: str,
    groups: Path | None,
    folder: Path | None,
    with_faces: bool,
    threads: tuple[int, ...] | None,
    reference: str | None,
    rounds: int,
    quick: bool,
    counted: Path | None,
    as_json: bool,
    videos: tuple[Path, ...],
    hosts: tuple[str, ...],
    ssh_config: Path | None,
    service: str,
    **detection: Any,
) -> None:
    """Compare models: size, accuracy, agreement with float, latency, memory, and whole frames.

    MODEL is the name of a bundled model, a .tflite file, or a run's model.keras, which is scored
    but not timed. Latency is measured in rounds over all models, accuracy through the served path.
    `fer-edge compare` compares two of its reports.

    \b
    Examples:
        fer-edge benchmark models/*.tflite --data faces.npz --report report
        fer-edge benchmark compact --quick
        fer-edge benchmark compact --video clip.mp4 --every 2
        fer-edge benchmark compact tiny --on pi@door.local --report report
    """
    import shlex
    from dataclasses import replace

    from fer_edge.limits import MOST_THREADS

    from ..device.description import usable_cores
    from .api import QUICK, Subject, measure, read_clips
    from .probes.instructions import read_instructions
    from .probes.results import Plan
    from .remote import Errand
    from .report.folder import check_folder, write_report
    from .report.report import faces_info, report_to_json
    from .report.text import report_to_text

    check_videos(videos)
    check_device_options(hosts, click.get_current_context())
    if with_faces and (folder is None or data is None):
        raise click.UsageError("--with-faces needs --report and --data")
    if folder is not None:
        check_folder(folder)
    settings = FacesConfig(**detection)
    faces = _load_faces(data, split, groups)
    subject = Subject(
        names=models,
        faces=faces,
        info=faces_info(faces, data, split) if faces is not None and data is not None else None,
        reference=reference,
        clips=read_clips(videos, settings),
        detection=settings,
        instructions=None if counted is None else read_instructions(counted),
    )
    all_threads = min(usable_cores(), MOST_THREADS)
    plan = Plan(threads=threads or tuple(sorted({1, all_threads})), rounds=rounds)
    if quick:
        plan = replace(QUICK, threads=threads or QUICK.threads)
    with click.progressbar(
        length=plan.steps(len(models), len(videos)),
        label="measuring",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        command = shlex.join(["fer-edge", *sys.argv[1:]])
        report, measured = measure(subject, plan, command=command, on_step=lambda: bar.update(1))
    for item in report.models:
        if counted is not None and item.arm64_instructions is None:
            click.echo(f"{counted} has no arm64 instructions for {item.path}", err=True)
    if folder is not None:
        pictures = _pictures(report, measured, faces) if with_faces else []
        if with_faces and not pictures:
            click.echo("no face to show: no two scored models disagree", err=True)
        for path in write_report(report, folder, pictures):
            click.echo(f"wrote {path}", err=True)
    if hosts:
        errand = Errand(
            names=models,
            reference=reference,
            faces=faces,
            info=subject.info,
            videos=videos,
            detector_model=settings.detector_model,
            options=options_for_devices(),
            command=command,
        )
        there: dict[str, Any] = {"service": service, "ssh_config": ssh_config}
        measure_devices(report, errand, hosts, folder, **there, as_json=as_json)
        return
    click.echo(report_to_json(report) if as_json else report_to_text(report), nl=not as_json)


def _load_faces(data: Path | None, split: str, groups: Path | None) -> "FaceSet | None":
    """Load the faces to score on; the rows in `groups` are those of the whole set."""
    from dataclasses import replace

    from fer_edge.faces.faceset import load_faceset
    from fer_edge.faces.groups import load_groups

    if data is None:
        if groups is not None:
            raise click.UsageError("--groups divides the faces of --data; pass a face set there")
        return None
    faces = load_faceset(data)
    if groups is not None:
        faces = replace(faces, groups=load_groups(groups, len(faces)))
    part = faces.part(split)
    if groups is not None:
        _warn_of_empty_groups(faces, part, groups, split)
    return part


def _warn_of_empty_groups(faces: "FaceSet", part: "FaceSet", path: Path, split: str) -> None:
    """Warn of columns of `path` that have no face in the scored part, such as those of another."""
    import numpy as np

    from fer_edge.faces.faceset import SPLITS
    from fer_edge.faces.groups import UNKNOWN
    from fer_edge.shown import printable

    pairs = list(zip(faces.groups, part.groups, strict=True))
    empty = [whole for whole, scored in pairs if (scored.members == UNKNOWN).all()]
    if not empty:
        return
    named = int(np.any([column.members != UNKNOWN for column in empty], axis=0).sum())
    rows = np.flatnonzero(faces.split == SPLITS.index(split))
    many = "" if rows[-1] - rows[0] < len(rows) else f"{len(rows)} of "
    columns = ", ".join(printable(column.name, 40) for column in empty)
    click.echo(
        f"warning: {columns}: no group is scored, since none of the {named} faces in {path} is "
        f"in the part '{split}', which has {many}the rows {rows[0]} to {rows[-1]}",
        err=True,
    )


def _pictures(
    report: "Report", measured: "Benchmark", faces: "FaceSet | None"
) -> "list[tuple[Disagreement, NDArray[np.uint8]]]":
    from .report.verdict import headline

    if faces is None:
        return []
    found = measured.disagreements[headline(report).model][:MOST_FACES]
    return [(item, faces.images[item.row]) for item in found]
