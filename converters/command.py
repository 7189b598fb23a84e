"""`fer-edge convert`."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fer_edge import plugins
from fer_edge.cli.command_options import PATH, NumberRange, PartName, SectionedCommand
from fer_edge.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    from .converted import Converted
    from .options import Options

INTEGER = click.Choice(["uint8", "int8"])


_SECTIONS = {
    "Files": ("data", "out", "overwrite", "as_json"),
    "What to write": ("int8", "float32", "float16", "dynamic", "int16x8"),
    "Integers": (
        *("input_type", "output_type", "calibration", "calibration_faces", "calibration_seed"),
        *("keep_float", "keep_int16", "clip_percentile", "per_channel_dense", "logit_offsets"),
    ),
    "Input": ("light",),
    "Requirements for a file": ("max_drop_points", "min_agreement_percent", "layer_report"),
    "Another project's network": ("labels", "input_range", "size_px", "trust_claims", "trust_code"),
    "Devices": ("targets", "edgetpu", "c_array"),
}

_OF_INT8 = (
    *("input_type", "output_type", "keep_float", "keep_int16", "clip_percentile"),
    *("per_channel_dense", "layer_report", "targets", "edgetpu", "c_array"),
)
"""Options of the int8 files only."""
_OF_CALIBRATION = ("calibration", "calibration_faces", "calibration_seed")
"""Options of the files that are calibrated."""


@click.command(cls=SectionedCommand, sections=_SECTIONS)
@click.argument("source", type=PATH)
@click.option("--data", type=PATH, required=True, help="The .npz face set of the run's training.")
@click.option("--out", type=PATH, required=True, help="Output folder.")
@click.option("--int8", is_flag=True, help="Full-integer int8: PTQ, and QAT if the run has it.")
@click.option("--float32", is_flag=True, help="The float network unchanged.")
@click.option("--float16", is_flag=True, help="Weights as float16: half the size.")
@click.option("--dynamic", is_flag=True, help="Weights as int8, float input and output.")
@click.option("--int16x8", is_flag=True, help="Activations as int16, weights as int8: slow.")
@click.option("--input-type", type=INTEGER, default="uint8", show_default=True, help="Of --int8.")
@click.option("--output-type", type=INTEGER, default="uint8", show_default=True, help="Of --int8.")
@click.option(
    "--calibration", type=PATH, help="A .npz face set to calibrate with, not the training faces."
)
@click.option(
    "--calibration-faces",
    default=2048,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Number of faces from which PTQ computes its ranges.",
)
@click.option(
    "--calibration-seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Random seed for the choice of these faces.",
)
@click.option(
    "--keep-float", multiple=True, metavar="LAYER", help="Layer to keep float32 in PTQ's int8."
)
@click.option(
    "--keep-int16", multiple=True, metavar="LAYER", help="Layer with int16 activations: slow."
)
@click.option(
    "--clip-percentile",
    default=100.0,
    show_default=True,
    type=NumberRange(50, 100, min_open=True),
    metavar="PERCENT",
    help="Percentile at which PTQ clips activations.",
)
@click.option(
    "--logit-offset",
    "logit_offsets",
    multiple=True,
    metavar="CLASS=VALUE",
    help="Value to add to the logit of a class, so that a rare class is recognized more often.",
)
@click.option(
    "--per-channel-dense", is_flag=True, help="PTQ: one scale per output of a dense layer."
)
@click.option(
    "--layer-report", is_flag=True, help="Report the int8 error of each layer: table, advice, PNG."
)
@click.option(
    "--light",
    type=click.Choice(["corrected", "unchanged"]),
    help="Whether dark, pale and noisy faces are corrected before the model reads them. Default: "
    "corrected; unchanged for another project's network.",
)
@click.option(
    "--max-drop",
    "max_drop_points",
    default=0.5,
    show_default=True,
    type=NumberRange(0, 100),
    metavar="POINTS",
    help="Largest accuracy loss of a file against the float network, in points.",
)
@click.option(
    "--min-agreement",
    "min_agreement_percent",
    default=0.0,
    show_default=True,
    type=NumberRange(0, 100),
    metavar="PERCENT",
    help="Lowest agreement of a file with the float network, in % of the faces.",
)
@click.option(
    "--labels", metavar="A,B,C", help="Class names in output order, for another project's network."
)
@click.option(
    "--input-range",
    metavar="LOW,HIGH",
    help="Input values for black and white with which another project's network was trained.",
)
@click.option(
    "--input-size",
    "size_px",
    type=click.IntRange(8, 512),
    metavar="PX",
    help="Input size in pixels, if the network does not fix it.",
)
@click.option(
    "--trust-claims",
    is_flag=True,
    help="Keep --labels and --input-range even if others score better.",
)
@click.option(
    "--trust-code",
    is_flag=True,
    help="Load Lambda layers: code in the file then runs with your permissions.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=PartName(plugins.EDGE_TARGETS),
    help="Also write what this kind of device needs, for each int8 file. May be repeated.",
)
@click.option(
    "--edgetpu",
    is_flag=True,
    help="Same as --target edgetpu: compile the files for Coral (needs edgetpu_compiler).",
)
@click.option(
    "--c-array",
    is_flag=True,
    help="Same as --target c-array: write the files as C source for microcontrollers.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def convert(
    source: Path,
    data: Path,
    out: Path,
    calibration: Path | None,
    max_drop_points: float,
    min_agreement_percent: float,
    labels: str | None,
    input_range: str | None,
    size_px: int | None,
    trust_claims: bool,
    trust_code: bool,
    keep_float: tuple[str, ...],
    keep_int16: tuple[str, ...],
    clip_percentile: float,
    logit_offsets: tuple[str, ...],
    per_channel_dense: bool,
    targets: tuple[str, ...],
    edgetpu: bool,
    c_array: bool,
    overwrite: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Convert a trained network to .tflite files, scored through the served path.

    SOURCE is a run folder, its model.keras, or another project's .keras or .h5 file or SavedModel
    folder (these need --labels and --input-range). Each file contains its card and labels. Its
    accuracy is measured on the face set's validation split with the same code that serves it, next
    to the float network's, and a file that loses more than --max-drop is not written. An int8 file
    is also checked against the documented operations of the Edge TPU.

    \b
    Examples:
        fer-edge convert runs/best --int8 --float32 --data faces.npz --out models
        fer-edge convert theirs.h5 --int8 --data faces.npz --out models --input-range -1,1 \\
            --labels angry,disgust,fear,happy,sad,surprise,neutral
    """
    from .options import VARIANTS, Exceptions, Options
    from .sources.claims import Claims
    from .sources.kind import identify_source, run_of

    variants = tuple(name for name in VARIANTS if settings.pop(name))
    if not variants:
        flags = ", ".join(f"--{name}" for name in VARIANTS)
        raise click.UsageError(f"nothing to write; pass {flags}")
    _check_used(variants, labels)
    span = _span(input_range or "0,1")
    offsets = _offsets(logit_offsets)
    source = source if labels else run_of(source)
    foreign = identify_source(source) != "run"
    if foreign and labels is None:
        raise click.UsageError(f"{source} has no card; pass its classes in output order: --labels")
    if not foreign and (labels or input_range or size_px):
        raise click.UsageError(
            "--labels, --input-range and --input-size are for other projects' networks; a run "
            f"folder ({source}) contains them"
        )

    from fer_edge.model.card import Gate

    from . import api

    claims = None
    if labels is not None:
        classes = tuple(name.strip() for name in labels.split(","))
        claims = Claims(classes, span, size_px, are_checked=not trust_claims)
    options = Options(
        variants=variants,
        gate=Gate(max_drop_points, min_agreement_percent / 100),
        overwrite=overwrite,
        exceptions=Exceptions(keep_float, keep_int16, clip_percentile, per_channel_dense),
        logit_offsets=offsets,
        targets=(*targets, *(["edgetpu"] if edgetpu else []), *(["c-array"] if c_array else [])),
        **settings,
    )
    with click.progressbar(
        length=len(variants), label="converting", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        results = api.convert(
            source,
            data,
            out,
            options,
            claims=claims,
            calibration=calibration,
            trust_code=trust_code,
            on_variant=lambda suffix: bar.update(1),
        )

    from .result_text import device_tables, layer_tables, results_as_json, results_as_table

    click.echo(results_as_json(results) if as_json else results_as_table(results, out))
    for text in (layer_tables(results), device_tables(results)):
        if text:
            click.echo(text, err=as_json)
    if refused := [item for item in results if item.fault]:
        faults = "; ".join(f"{item.path.name} {item.fault}" for item in refused)
        advice = ": try more --calibration-faces, --layer-report, or train with --qat"
        is_lossy = any(item.can_run for item in refused)
        raise ModelError(f"{faults}; not written{advice if is_lossy else ''}")
    if lacking := [i.path.name for i in results if len(i.target_reports) < _reports(i, options)]:
        raise MissingExtraError(
            f"the files of --target for {', '.join(lacking)} were not all written, since a tool is "
            "not installed (see the warning): install it, or omit the option"
        )


def _reports(item: "Converted", options: "Options") -> int:
    """Return the number of targets whose files were to be created for a file."""
    return len(options.targets) if item.is_int8 and not item.fault else 0


def _check_used(variants: Sequence[str], labels: str | None) -> None:
    """Reject options without an effect on the files that are written.

    Raises:
        click.UsageError: One is given.
    """
    context = click.get_current_context()
    given = {
        parameter.name: max(parameter.opts, key=len)
        for parameter in context.command.params
        if context.get_parameter_source(str(parameter.name)) is not ParameterSource.DEFAULT
    }
    needs = ((_OF_INT8, ("int8",)), (_OF_CALIBRATION, ("int8", "int16x8")))
    for names, needed in needs:
        unused = [given[name] for name in names if name in given]
        if unused and not set(needed) & set(variants):
            raise click.UsageError(
                f"{', '.join(unused)}: only for files of {' or '.join(f'--{n}' for n in needed)}; "
                f"expected one of these, got {', '.join(f'--{name}' for name in variants)}"
            )
    if "trust_claims" in given and labels is None:
        raise click.UsageError("expected --labels with --trust-claims")


def _span(text: str) -> tuple[float, float]:
    from fer_edge.model.card_checks import MOST_RANGE, is_input_range

    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"expected LOW,HIGH (such as 0,1 or -1,1 or 0,255), got {text!r}",
            param_hint="--input-range",
        ) from None
    if not is_input_range(low, high):
        raise click.BadParameter(
            f"expected LOW below HIGH, both within {-MOST_RANGE:g} to {MOST_RANGE:g}, got "
            f"{low:g},{high:g}",
            param_hint="--input-range",
        )
    return low, high


def _offsets(texts: Sequence[str]) -> dict[str, float]:
    from .options import MOST_OFFSET, is_offset

    offsets: dict[str, float] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.rpartition("="))
        try:
            added = float(value)
        except ValueError:
            added = math.nan
        if not name or not is_offset(added) or name in offsets:
            raise click.BadParameter(
                "expected CLASS=VALUE, once per class (such as contempt=2.5), with a value from "
                f"{-MOST_OFFSET:g} to {MOST_OFFSET:g}, got {text!r}",
                param_hint="--logit-offset",
            )
        offsets[name] = added
    return offsets
