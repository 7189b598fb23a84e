"""`fer-edge data`."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import click

from fer_edge.cli.command_options import PATH, NumberRange

from .data.import_options import SIZES_PX, VALIDATION_SHARES


def _labels(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(","))
    if len(names) < 2 or not all(names) or len(set(names)) != len(names):
        raise click.BadParameter(
            "expected different names separated by commas, such as sad,happy,neutral"
        )
    return names


@click.group()
def data() -> None:
    """Import and inspect face sets."""


@data.command("import")
@click.argument("path", type=PATH)
@click.option("--out", type=PATH, required=True, help="The .npz file to write.")
@click.option(
    "--size",
    "size_px",
    type=click.IntRange(*SIZES_PX),
    metavar="PX",
    help="Side of the stored faces. Default: 48 for pictures; faces in a CSV file or a .npz keep "
    "their size.",
)
@click.option(
    "--validation-share",
    type=NumberRange(*VALIDATION_SHARES),
    help="Share of train that becomes validation, per class; an existing validation split is "
    "added to test. Default: 0.1 if there is no validation split.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Random seed of that split.",
)
@click.option("--votes", type=PATH, help="FER+'s fer2013new.csv, for fer2013.csv.")
@click.option(
    "--classes",
    type=click.Choice(["own", "as-named", "ferplus"]),
    default="own",
    show_default=True,
    help="own: the existing classes, where anger, happiness, fearful and similar names "
    "become FER2013's angry, happy, fear. as-named: all names unchanged. ferplus: the "
    "eight classes of FER+, by majority of the taggers; faces without a majority are "
    "left out.",
)
@click.option(
    "--labels",
    callback=_labels,
    metavar="NAME,NAME,...",
    help="Class names for the numbers of a CSV file (or of numbered folders), from 0 on; "
    "--classes applies to them. "
    "Default: FER2013's angry,disgust,fear,happy,sad,surprise,neutral.",
)
@click.option(
    "--skip-broken",
    is_flag=True,
    help=(
        "Skip unreadable files and rows and list them, instead of stopping the import at "
        "the first one."
    ),
)
@click.option(
    "--limit-pixels",
    "limit_px",
    type=click.IntRange(1),
    metavar="N",
    help="Largest picture in pixels; larger ones are refused before decoding. Default: 120 "
    "million, about 1 GB of memory.",
)
def import_(path: Path, out: Path, **settings: Any) -> None:
    """Import faces into one .npz face set.

    PATH is fer2013.csv or a similar CSV file (columns emotion, pixels, Usage), a folder with
    train/<class>/*.jpg (and validation/, test/, or Training/, PublicTest/, PrivateTest/), a folder
    with <class>/*.jpg, or a .npz. Folder names are class names.

    \b
    Examples:
        fer-edge data import fer2013.csv --votes fer2013new.csv --out faces.npz
        fer-edge data import faces.npz --classes ferplus --out ferplus.npz
        fer-edge data import photos/ --validation-share 0.2 --out own.npz
        fer-edge data import ck.csv --labels anger,disgust,fear,happy,sad,surprise,neutral,contempt
            --out ck.npz
    """
    from fer_edge.cli.written_files import check_written
    from fer_edge.faces.faceset import save_faceset

    from .data.import_options import ImportOptions
    from .data.importing import import_faces
    from .data.inspection import count_table

    votes = ("the file of --votes", settings["votes"])
    check_written((("--out", out),), chain((votes,), _files_read(path)))
    stream = sys.stderr
    with click.progressbar(
        length=_length(path), label=f"reading {path.name}", file=stream, hidden=not stream.isatty()
    ) as bar:
        faces = import_faces(path, ImportOptions(**settings), on_progress=bar.update)
    save_faceset(faces, out)
    click.echo(count_table(faces))
    click.echo(f"{out}: {len(faces):,} faces, {out.stat().st_size / 1e6:.1f} MB")


@data.command(short_help="Count classes; find duplicates, blank pictures, non-faces.")
@click.argument("path", type=PATH)
@click.option("--sheet", type=PATH, help="Write a .png with sample faces of each class and split.")
@click.option("--duplicates", type=PATH, help="Write the duplicate rows as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def inspect(path: Path, sheet: Path | None, duplicates: Path | None, as_json: bool) -> None:
    """Count a face set's classes and splits; find duplicates, blank pictures and non-faces.

    PATH is a .npz face set. Duplicates have identical pixels. If the set has FER+ votes, a picture
    is a non-face if most taggers called it unknown or not a face. Framing is how large, centered
    and upright the faces are; the bundled models expect FER2013's.
    """
    import json

    from fer_edge.aligner.aligner import open_aligner
    from fer_edge.aligner.framing import describe_framing, framing_of
    from fer_edge.cli.written_files import check_written
    from fer_edge.errors import ConfigError
    from fer_edge.faces.faceset import SPLITS, load_faceset
    from fer_edge.files import is_device
    from fer_edge.schema import encode

    from .data.inspection import (
        count_table,
        inspect_faces,
        report_table,
        sample_sheet,
        save_duplicates,
    )

    check_written((("--sheet", sheet), ("--duplicates", duplicates)), _files_read(path))
    if sheet is not None and sheet.suffix.lower() != ".png" and not is_device(sheet):
        raise ConfigError(f"--sheet {sheet}: expected a name that ends in .png")
    faces = load_faceset(path)
    reports = inspect_faces(faces)
    framing = framing_of(faces.images, open_aligner())
    counts = faces.counts()
    if as_json:
        result = {
            "faces": len(faces),
            "size_px": faces.images.shape[1],
            "digest": faces.digest,
            "counts": {
                split: dict(zip(faces.class_names, map(int, counts[code]), strict=True))
                for code, split in enumerate(SPLITS)
            },
            "splits": [
                {**encode(report), "also_in": dict(zip(SPLITS, report.also_in, strict=True))}
                for report in reports
            ],
            "framing": None if framing is None else encode(framing),
            "votes": faces.votes is not None,
        }
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo(count_table(faces))
        height, width = faces.images.shape[1:]
        click.echo(f"{len(faces):,} gray faces of {height}x{width}, digest {faces.digest[:12]}\n")
        click.echo(report_table(reports))
        rare = [name for name, n in zip(faces.class_names, counts[0], strict=True) if n < 2]
        if rare and reports[0].faces:
            click.echo(f"fewer than two training faces: {', '.join(rare)}")
        if framing is not None:
            click.echo(describe_framing(framing))
    if sheet:
        sample_sheet(faces, sheet)
        click.echo(f"samples: {sheet}", err=as_json)
    if duplicates:
        written = save_duplicates(faces, duplicates)
        click.echo(f"duplicates: {duplicates}, {written:,} faces", err=as_json)


def _files_read(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the input, and the pictures of a folder, each with its name for messages."""
    from fer_edge.pictures.folder import files_in
    from fer_edge.pictures.kinds import is_picture_file

    yield "the input itself", path
    for file in files_in(path) if path.is_dir() else ():
        if is_picture_file(file):
            yield "one of the inputs", file


def _length(path: Path) -> int:
    """Count rows or files, for the progress bar; an archive is one step."""
    from fer_edge.errors import DatasetError
    from fer_edge.pictures.folder import files_in

    from .data.source_kind import source_kind

    with suppress(DatasetError):  # the import reports it
        kind = source_kind(path)
        if kind == "folder":
            return sum(1 for _ in files_in(path))
        if kind == "table":
            with path.open("rb") as file:
                return max(0, sum(1 for _ in file) - 1)
    return 1
