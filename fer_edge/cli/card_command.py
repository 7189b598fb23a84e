"""`fer-edge card`."""

import logging
import math
from pathlib import Path
from typing import Literal

import click

from fer_edge.cli.command_options import PATH
from fer_edge.shown import without_controls

log = logging.getLogger(__name__)

OUT = click.option("--out", type=PATH, help="File to write.")
OVERWRITE = click.option("--overwrite", is_flag=True, help="Overwrite FILE or --out.")


@click.group()
def card() -> None:
    """Show, check, change or calibrate the card inside a .tflite file, or attach one."""


@card.command(short_help="Show a card.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print the whole card as JSON.")
def show(files: tuple[str, ...], as_json: bool) -> None:
    """Show the card of each FILE, a path or a bundled model's name.

    With --json one FILE is printed as an object, several as a list.

    \b
    Example:
        fer-edge card show my.tflite --json
    """
    import json

    from fer_edge.cli.models_command import print_card
    from fer_edge.model.bundled import find_model
    from fer_edge.model.file import read_model
    from fer_edge.schema import encode

    models = (read_model(find_model(file)) for file in files)
    if not as_json:
        for model in models:
            print_card(model)
        return
    cards = [{"path": str(model.path), **encode(model.card)} for model in models]
    click.echo(json.dumps(cards if len(cards) > 1 else cards[0], indent=2))


@card.command(short_help="Check files against their cards; exit code 1 for a fault.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--data", type=PATH, help=("Score the model again on the .npz face set of the card's scores.")
)
def verify(files: tuple[str, ...], data: Path | None) -> None:
    """Check digest, labels and card of each FILE against its graph.

    With --data the accuracy in the card is measured again. Prints one line per fault on standard
    error; the exit code is 1 if there is a fault.

    \b
    Examples:
        fer-edge card verify models/*.tflite
        fer-edge card verify compact --data faces.npz
    """
    from fer_edge.errors import DatasetError, ModelError
    from fer_edge.evaluation.card_check import faults_of_path
    from fer_edge.faces.faceset import load_faceset
    from fer_edge.model.bundled import find_model

    faces = None if data is None else load_faceset(data)
    broken = False
    for name in files:
        try:
            faults = faults_of_path(find_model(name), faces)
        except (ModelError, DatasetError) as error:  # the other files are still checked
            faults = (str(error),)
        for fault in faults:
            click.echo(f"fer-edge: error: {' '.join(fault.split())}", err=True)
        if not faults:
            click.echo(f"{without_controls(name)}: ok")
        broken = broken or bool(faults)
    if broken:
        raise click.exceptions.Exit(1)


@card.command(short_help="Change name, intended use, limits, license, crop or labels.")
@click.argument("file", type=PATH)
@click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Field to change; may be repeated."
)
@click.option("--labels", metavar="A,B,...", help="New class names, in output order.")
@OUT
@OVERWRITE
def edit(
    file: Path, pairs: tuple[str, ...], labels: str | None, out: Path | None, overwrite: bool
) -> None:
    """Change the editable fields in the card of FILE, a path or a bundled model's name.

    Measured values cannot be changed.

    \b
    Keys: name, intended_use, limits, license,
          input.crop.side, input.crop.center_x, input.crop.center_y,
          input.light (corrected or unchanged; only in a card without scores)
    \b
    Example:
        fer-edge card edit my.tflite --set name=lobby --set "limits=Lamps at night." --overwrite
    """
    if not pairs and labels is None:
        raise click.UsageError("nothing to change: pass --set KEY=VALUE or --labels")
    from fer_edge.model.bundled import find_model
    from fer_edge.model.card_edit import edit_card, parse_settings
    from fer_edge.model.file import read_model, write_model

    path = find_model(str(file))
    target = _target(str(file), path, out, overwrite)
    model = read_model(path)
    changed = edit_card(model.card, parse_settings(pairs), _split_labels(labels))
    write_model(target, model.flatbuffer, changed)
    click.echo(f"written to {without_controls(str(target))}")


@card.command(short_help="Fit the temperature, so that 0.8 means 80%.")
@click.argument("file")
@click.option("--data", type=PATH, required=True, help="A .npz face set with labels.")
@click.option("--split", default="validation", show_default=True, help="Split of the face set.")
@OUT
@OVERWRITE
def calibrate(file: str, data: Path, split: str, out: Path | None, overwrite: bool) -> None:
    """Fit the temperature of FILE, a path or a bundled model's name, on labeled faces.

    A model that reports 0.8 should be right on 80% of such faces. The temperature, a single number,
    is fitted for this and written into the card; everything that serves the file applies it. The
    most probable expression never changes. To calibrate for your own camera, use labeled faces from
    that camera. `fer-edge convert` calibrates every file that it writes.

    \b
    Example:
        fer-edge card calibrate my.tflite --data faces.npz --overwrite
    """
    from dataclasses import replace

    from fer_edge.cli.written_files import check_written
    from fer_edge.evaluation.evaluation import fit_scaling, unscaled_probabilities
    from fer_edge.faces.faceset import load_faceset
    from fer_edge.model.bundled import find_model
    from fer_edge.model.file import read_model, write_model

    path = find_model(file)
    target = _target(file, path, out, overwrite)
    check_written((("--out", out),), (("the file of --data", data),))
    model = read_model(path)
    faces = load_faceset(data).in_class_order(model.card.labels).part(split)
    probabilities, floor = unscaled_probabilities(model, faces)
    scaling = fit_scaling(probabilities, faces, floor=floor)
    write_model(target, model.flatbuffer, replace(model.card, temperature_scaling=scaling))
    click.echo(f"{scaling.describe()}; written to {without_controls(str(target))}")


@card.command(short_help="Make a card for a .tflite file from elsewhere.")
@click.argument("file", type=PATH)
@click.option("--labels", required=True, metavar="A,B,...", help="Class names in output order.")
@click.option("--name", help="Name of the model. Default: the file's name without suffix.")
@click.option("--architecture", default="unknown", show_default=True, help="Name of the network.")
@click.option("--license", help="License of the weights and the data.")
@click.option(
    "--input-range",
    metavar="BLACK,WHITE",
    help=(
        "Input values of a black and a white pixel, such as 0,1 or -1,1. Default: the ends of an "
        "8-bit input."
    ),
)
@click.option("--channels", type=click.IntRange(1, 4), help="Number of input channels, to check.")
@click.option(
    "--color-order",
    type=click.Choice(["rgb", "bgr"]),
    default="rgb",
    show_default=True,
    help="Order of the color channels.",
)
@OUT
@OVERWRITE
def attach(
    file: Path,
    labels: str,
    name: str | None,
    architecture: str,
    license: str | None,
    input_range: str | None,
    channels: int | None,
    color_order: Literal["rgb", "bgr"],
    out: Path | None,
    overwrite: bool,
) -> None:
    """Attach a card to FILE, a .tflite file from elsewhere, so that it can be served.

    Size and channels are taken from the graph, for an 8-bit input also the range, unless it is
    stated. The file is tested with the new card before it is written; a file that fer-edge cannot
    serve is rejected. A model with three channels gets the face in color.

    \b
    Examples:
        fer-edge card attach model_unquant.tflite --labels happy,sad --input-range -1,1 \\
            --channels 3 --out teachable.tflite
        fer-edge card attach other.tflite --labels angry,disgust,fear,happy,sad,surprise,neutral \\
            --out other-with-card.tflite
    """
    from fer_edge.errors import ConfigError, ModelError
    from fer_edge.evaluation.card_check import card_faults, try_outputs
    from fer_edge.model.archive import read_flatbuffer_file
    from fer_edge.model.card import UNKNOWN_LICENSE
    from fer_edge.model.card_edit import bare_flatbuffer, new_card
    from fer_edge.model.file import ModelFile, write_model

    target = _target(str(file), file, out, overwrite)
    flatbuffer = bare_flatbuffer(read_flatbuffer_file(file), str(file))
    try:
        made = new_card(
            flatbuffer,
            _split_labels(labels) or (),
            name=target.stem if name is None else name,
            architecture=architecture,
            license=license or UNKNOWN_LICENSE,
            input_range=None if input_range is None else _span(input_range),
            channels=channels,
            color_order=color_order,
        )
    except (ConfigError, ModelError) as error:
        raise type(error)(f"{file}: {error}") from error
    model = ModelFile(file, flatbuffer, made, len(flatbuffer), origin="disk")
    if faults := card_faults(model):
        raise ModelError(f"{file}: {'; '.join(faults)}")
    if remark := try_outputs(model):
        log.warning(
            "%s: %s; they are shown unchanged. Convert the source network instead (fer-edge "
            "convert), which adds a softmax",
            *(file.name, remark),
        )
    write_model(target, flatbuffer, made)
    click.echo(f"written to {without_controls(str(target))}")
    if input_range is None:
        click.echo(
            f"black is read as {made.input.minimum:g}, white as {made.input.maximum:g}, the ends "
            "of the input tensor; if the network was trained with a wider range, state it: "
            "--input-range"
        )


def _target(name: str, path: Path, out: Path | None, overwrite: bool) -> Path:
    """Return the file to write.

    Args:
        name: The user's name or path for the file to read.
        path: Path of that file.
        out: The user's choice, if any.
        overwrite: Whether the file may exist.
    """
    from fer_edge.errors import ConfigError, OutputError

    if out is None and path != Path(name):  # the file of the installation, which all runs share
        raise ConfigError(f"{name} is a bundled model, which stays unchanged; pass --out FILE")
    target = out or path
    if target.exists() and not overwrite:
        raise OutputError(f"{target} already exists; choose another --out, or pass --overwrite")
    return target


def _span(text: str) -> tuple[float, float]:
    from fer_edge.model.card_checks import MOST_RANGE, is_input_range

    try:
        black, white = map(float, text.replace(",", " ").split())
    except ValueError:
        black = white = math.nan
    if not is_input_range(black, white):
        raise click.BadParameter(
            "expected BLACK,WHITE such as 0,1 or -1,1, black below white, both within "
            f"{-MOST_RANGE:g} to {MOST_RANGE:g}, got {text!r}",
            param_hint="--input-range",
        )
    return black, white


def _split_labels(labels: str | None) -> tuple[str, ...] | None:
    return None if labels is None else tuple(label.strip() for label in labels.split(","))
