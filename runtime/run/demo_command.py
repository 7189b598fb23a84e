"""`fer-edge demo`."""

import sys
from pathlib import Path

import click

from fer_edge.cli.command_options import PATH
from fer_edge.cli.option_fields import click_options

from ..recognition.model_config import SERVED_FIELDS, ModelConfig

_OPTIONS = (
    click.Option(
        ["--input", "path"],
        type=PATH,
        metavar="FILE",
        help="Your own photograph, instead of the sample.",
    ),
    *click_options(ModelConfig, only=SERVED_FIELDS),
    click.Option(
        ["--out"],
        type=PATH,
        default=Path("fer-edge-demo.png"),
        show_default=True,
        metavar="FILE",
        help="Annotated picture to write.",
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON."),
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
    """Recognize the face in a sample photograph, print it, and write the annotated picture.

    The sample is matplotlib's photograph of Grace Hopper; it is read from the installed package.
    """
    import json

    from fer_edge.cli.written_files import check_written
    from fer_edge.errors import SourceError
    from fer_edge.model.bundled import find_model
    from fer_edge.pictures.sample_photo import sample_photo

    from ..publish.files.picture_file import write_picture
    from ..recognition.recognizer import Recognizer

    photo = path or sample_photo()
    read = (("the input itself", photo), ("the file of --model", find_model(model)))
    check_written((("--out", out),), read)
    with Recognizer(model, threads=threads, delegate=delegate) as recognizer:
        result = recognizer.read(photo)
    if not result.faces:
        raise SourceError(f"no face was found in {photo}; try another photograph with --input")
    write_picture(out, result.draw())
    if as_json:
        click.echo(json.dumps(result.to_dict()))
        return
    for number, face in enumerate(result, start=1):
        click.echo(
            f"face {number} of {len(result)} in {photo.name}: "
            + click.style(f"{face.label} ({face.probability:.0%})", bold=True)
        )
        order = sorted(
            ((share, label) for label, share in face.probabilities.items()), reverse=True
        )
        width, block = max(map(len, face.probabilities)), _block()
        for probability, label in order:
            click.echo(f"  {label:{width}} {probability:6.1%} {block * round(30 * probability)}")
    click.echo(f"annotated picture: {out}")


def _block() -> str:
    """Return what the bars are made of: a character that the terminal's encoding has."""
    try:
        "█".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return "#"
    return "█"
