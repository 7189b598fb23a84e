"""`fer-edge data`."""

import sys
from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.group()
def data() -> None:
    """Import and inspect face sets."""


@data.command("import")
@click.argument("path", type=PATH)
@click.option("--out", type=PATH, required=True, help="The .npz to write.")
@click.option("--size", "size_px", default=48, show_default=True, type=click.IntRange(8, 512))
@click.option(
    "--validation-share",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 0.9),
    help="Taken from train, per class, when there is no validation part.",
)
@click.option("--seed", default=0, show_default=True, help="Of that draw.")
def import_(path: Path, out: Path, size_px: int, validation_share: float, seed: int) -> None:
    """Bring faces into one .npz face set.

    PATH is fer2013.csv (columns emotion, pixels, Usage), a folder with train/<class>/*.jpg (and
    validation/, test/), a folder with <class>/*.jpg, or a .npz.
    """
    from fer_edge.faceset import save_faceset

    from .importing import count_table, import_faces

    stream = sys.stderr
    with click.progressbar(
        length=_length(path), label=f"reading {path.name}", file=stream, hidden=not stream.isatty()
    ) as bar:
        faces = import_faces(
            path,
            size_px=size_px,
            validation_share=validation_share,
            seed=seed,
            on_progress=bar.update,
        )
    save_faceset(faces, out)
    click.echo(count_table(faces))
    click.echo(f"{out}: {len(faces):,} faces, {out.stat().st_size / 1e6:.1f} MB")


@data.command()
@click.argument("path", type=PATH)
@click.option("--sheet", type=PATH, help="Write a picture with samples of each class.")
@click.option("--json", "as_json", is_flag=True, help="Counts as JSON.")
def inspect(path: Path, sheet: Path | None, as_json: bool) -> None:
    """Count a face set's classes and splits, find twins across splits and empty pictures.

    PATH is a .npz face set. A twin is a face that also stands in train, pixel for pixel.
    """
    import json

    from fer_edge.faceset import SPLITS, load_faceset

    from .importing import count_table
    from .inspection import blank_faces, sample_sheet

    faces = load_faceset(path)
    blank = blank_faces(faces)
    if as_json:
        counts = faces.counts()
        result = {
            "faces": len(faces),
            "size_px": faces.images.shape[1],
            "digest": faces.digest,
            "counts": {
                split: dict(zip(faces.class_names, map(int, counts[code]), strict=True))
                for code, split in enumerate(SPLITS)
            },
            "twins_of_train": {
                split: int(faces.duplicates[faces.split == code].sum())
                for code, split in enumerate(SPLITS)
            },
            "blank": len(blank),
            "votes": faces.votes is not None,
        }
        click.echo(json.dumps(result))
    else:
        click.echo(count_table(faces))
        height, width = faces.images.shape[1:]
        click.echo(f"{len(faces):,} grey faces of {height}x{width}, digest {faces.digest[:12]}")
        click.echo(f"twins of training faces in other splits: {int(faces.duplicates.sum()):,}")
        click.echo(f"blank pictures (one grey value): {len(blank)}")
    if sheet:
        sample_sheet(faces, sheet)
        click.echo(f"samples: {sheet}", err=as_json)


def _length(path: Path) -> int:
    """Count rows or files, for the progress bar; an archive is one step."""
    if path.is_dir():
        return sum(1 for item in path.rglob("*.*") if item.is_file())
    if path.suffix.lower() == ".csv" and path.exists():
        with path.open("rb") as file:
            return max(0, sum(1 for _ in file) - 1)
    return 1
