"""`fer-edge train`."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge import plugins
from fer_edge.cli.command_options import PATH, NumberRange, PartName, SectionedCommand

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .recipes.recipe import RecipeChanges
    from .reporting.history import Epoch, StageName


_SECTIONS = {
    "Files": ("data", "out", "resume", "overwrite", "tensorboard", "as_json"),
    "What to do": ("recipe", "architecture", "qat"),
    "Devices": ("devices", "coordinator", "processes", "process_id"),
    "Other networks": ("start", "weights", "teachers"),
    "Overrides of the recipe": ("epochs", "batch_size", "learning_rate", "precision", "seed"),
}


@click.command(cls=SectionedCommand, sections=_SECTIONS)
@click.option(
    "--data",
    type=PATH,
    required=True,
    help="Face set (.npz), CSV file, or folder of class folders.",
)
@click.option("--out", type=PATH, required=True, help="Run folder to write.")
@click.option(
    "--recipe",
    default="four-block",
    show_default=True,
    metavar="NAME|FILE",
    help="Recipe of the run: a bundled name or a TOML file.",
)
@click.option(
    "--arch",
    "architecture",
    type=PartName(plugins.ARCHITECTURES),
    help="Architecture to use instead of the recipe's, with its own defaults.",
)
@click.option(
    "--start",
    metavar="RUN|MODEL",
    help="Fine-tuning: start from the weights of a run, a bundled model or a .tflite file.",
)
@click.option(
    "--weights",
    metavar="imagenet|none|FILE",
    help="Initial weights of a pretrained base: resnet50, efficientnet-lite, mobilenet-face.",
)
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Number of epochs.")
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Faces per step.")
@click.option(
    "--learning-rate",
    type=NumberRange(0, min_open=True),
    metavar="RATE",
    help="Initial learning rate, before the schedule.",
)
@click.option("--precision", metavar="NAME", help="Precision: float32, bfloat16 or float16.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    help="Random seed for weights, order of faces and augmentation.",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="RUN|MODEL|NPZ",
    help="Also learn from this network, or from stored predictions; several are averaged.",
)
@click.option("--qat", is_flag=True, help="Add quantization-aware training after the float stage.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of GPUs that share each batch (KERAS_BACKEND=jax).",
)
@click.option(
    "--coordinator",
    default="",
    metavar="HOST:PORT|auto",
    help="Address where the first process listens, to share each batch with processes on "
    "this host or others, all started with the same options; auto in a SLURM step or "
    "under Open MPI.",
)
@click.option(
    "--processes", type=click.IntRange(1), default=1, metavar="N", help="Total number of processes."
)
@click.option(
    "--process-id",
    type=click.IntRange(0),
    default=0,
    metavar="I",
    help="Number of this process, from 0; process 0 writes the run folder.",
)
@click.option("--tensorboard", type=PATH, metavar="DIR", help="Folder for a TensorBoard log.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run, or add --qat to a run.")
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace the existing run in --out, when the new run is complete.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def train(
    data: Path,
    out: Path,
    recipe: str,
    qat: bool,
    devices: int,
    coordinator: str,
    processes: int,
    process_id: int,
    tensorboard: Path | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    **changes: "Unpack[RecipeChanges]",
) -> None:
    """Train a network on a face set: float, then with --qat also quantization-aware.

    Training uses the train split and selects the best epoch on the validation split. The Keras
    backend is TensorFlow unless KERAS_BACKEND is jax or torch; these do not need TensorFlow, but
    --qat does. With --qat the scores of float, int8 by post-training quantization and int8 by
    quantization-aware training are printed side by side at the end.

    \b
    Examples:
        fer-edge train --data faces.npz --out runs/first
        fer-edge train --data faces.npz --recipe four-block-cosine --qat --out runs/best
        fer-edge train --data own.npz --recipe own-faces --start compact --qat --out runs/own
        fer-edge train --data faces.npz --resume --out runs/best --recipe four-block-cosine --qat
    """
    import json

    from fer_edge.evaluation.evaluation import describe_evaluation
    from fer_edge.runfolder import SCORES

    from . import api
    from .backend.cluster import Cluster
    from .recipes.recipe import load_recipe

    if resume and overwrite:
        raise click.UsageError("expected --resume or --overwrite, got both")
    if not changes.get("teachers"):
        changes["teachers"] = None  # click passes an empty tuple if none is given
    resolved = load_recipe(recipe, **changes)
    cluster = Cluster(devices, coordinator, processes, process_id)

    def report(stage: "StageName", epoch: "Epoch") -> None:
        total = resolved.epochs if stage == "float" else resolved.qat.epochs
        then = ", then quantization-aware" if qat and stage == "float" else ""
        click.echo(_epoch_line(stage, epoch, total, then), err=True)

    kept = nullcontext() if cluster.is_alone else _standard_output_kept()
    with kept, _first_line_shown():
        run = api.train(
            data,
            out,
            resolved,
            qat=qat,
            existing="resume" if resume else "overwrite" if overwrite else "refuse",
            devices=cluster,
            tensorboard=tensorboard,
            on_epoch=report,
        )
    if not run.is_first:
        return
    if as_json:
        click.echo(json.dumps(json.loads((run.folder / SCORES).read_text("utf-8"))))
        return
    click.echo(describe_evaluation(run.scores))
    if qat:
        from .reporting.side_by_side import compare_quantized

        click.echo(compare_quantized(run.folder, run.faces))
    reasons = {"accuracy": "highest validation accuracy", "loss": "lowest validation loss"}
    why = reasons.get(resolved.monitor, "the last")
    click.echo(f"kept: epoch {run.kept_epoch.number} of {resolved.epochs}, {why}")
    click.echo(f"run folder: {out}")


@contextmanager
def _first_line_shown() -> Iterator[None]:
    """Show the device messages of a training even without --verbose."""
    log = logging.getLogger("fer_edge.training.run")
    level = log.level
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _standard_output_kept() -> Iterator[None]:
    """Redirect standard output to descriptor 2, since a library of JAX prints there.

    Without -vv this discards it, as `silence_libraries` does with all that libraries print.
    """
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(own, 1)
        os.close(own)


def _epoch_line(stage: "StageName", epoch: "Epoch", total: int, then: str) -> str:
    from .reporting.progress import duration

    left_s = epoch.seconds * (total - epoch.number)  # at most: training may stop early
    left = f"  up to {duration(left_s)} left{then}" if left_s else ""
    return (
        f"{stage} epoch {epoch.number:3}/{total}  "
        f"loss {epoch.loss:.4f}  accuracy {epoch.accuracy:6.2%}  top-3 {epoch.top3:6.2%}  "
        f"validation loss {epoch.validation_loss:.4f}  accuracy "
        f"{epoch.validation_accuracy:6.2%}  top-3 {epoch.validation_top3:6.2%}  "
        f"rate {epoch.learning_rate:.2e}  {duration(epoch.seconds)}{left}"
    )
