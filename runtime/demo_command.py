"""`fer-edge demo`."""

from pathlib import Path

import click

from .reading.model_options import MODEL_OPTIONS

_PATH = click.Path(path_type=Path)
_OPTIONS = (
    click.Option(
        ["--input", "path"],
        type=_PATH,
        metavar="FILE",
        help="Your own photograph instead of the sample.",
    ),
    *MODEL_OPTIONS,
    click.Option(
        ["--out"],
        type=_PATH,
        default=Path("fer-edge-demo.png"),
        show_default=True,
        metavar="FILE",
        help="The annotated picture.",
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="The result as JSON."),
)


@click.command(params=[*_OPTIONS])
def demo(
    path: Path | None,
    model: str,
    threads: int,
    delegate: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Read the face on a sample photograph, print it, and write the annotated picture.

    The sample is matplotlib's photograph of Grace Hopper; it is read from the installed package.
    """
    import json

    from fer_edge.errors import SourceError

    from .drawing.annotation import annotate
    from .frame import Frame
    from .outputs.picture_file import write_picture
    from .reading.reader import open_reader
    from .record import as_record
    from .result import Result
    from .sample import sample_photo
    from .sources.opening import read_image

    photo = path or sample_photo()
    image = read_image(photo)
    with open_reader(model, threads=threads, delegate=delegate) as reader:
        faces = reader.read(image)
    if not faces:
        raise SourceError(f"no face was found on {photo}; try another photograph with --input")
    write_picture(out, annotate(image, faces))
    if as_json:
        click.echo(json.dumps(as_record(Result(Frame(image, 0, 0.0, str(photo)), tuple(faces)))))
        return
    for number, face in enumerate(faces, start=1):
        click.echo(
            f"face {number} of {len(faces)} on {photo.name}: "
            + click.style(f"{face.label} ({face.probability:.0%})", bold=True)
        )
        order = sorted(zip(face.probabilities, face.labels, strict=True), reverse=True)
        width = max(map(len, face.labels))
        for probability, label in order:
            click.echo(f"  {label:{width}} {probability:6.1%} {'█' * round(30 * probability)}")
    click.echo(f"annotated picture: {out}")
