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
from fer_edge.cli.command_options import PartName, SectionedCommand

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .recipes.recipe import RecipeChanges
    from .reporting.history import Epoch, StageName

PATH = click.Path(path_type=Path)


_SECTIONS = {
    "Files": ("data", "out", "resume", "overwrite", "tensorboard", "as_json"),
    "What to do": ("recipe", "architecture", "qat"),
    "Devices": ("devices", "coordinator", "processes", "process_id"),
    "Networks to learn from": ("start", "weights", "teachers"),
    "Other than the recipe's": ("epochs", "batch_size", "learning_rate", "precision", "seed"),
}


@click.command(cls=SectionedCommand, sections=_SECTIONS)
@click.option("--data", type=PATH, required=True, help="A .npz face set, csv, or class folders.")
@click.option("--out", type=PATH, required=True, help="The run folder to write.")
@click.option(
    "--recipe",
    default="four-block",
    show_default=True,
    metavar="NAME|FILE",
    help="What decides the run.",
)
@click.option(
    "--arch",
    "architecture",
    type=PartName(plugins.ARCHITECTURES),
    help="Another architecture than the recipe's.",
)
@click.option(
    "--start",
    metavar="RUN|MODEL",
    help="Start from the weights of a run, a bundled model or a .tflite file: fine-tuning.",
)
@click.option(
    "--weights",
    metavar="imagenet|none|FILE",
    help="What the base of resnet50, efficientnet-lite or mobilenet-face starts from.",
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training faces.")
@click.option("--batch-size", type=click.IntRange(1), help="Faces of a step.")
@click.option("--learning-rate", type=float, help="Before the schedule changes it.")
@click.option("--precision", metavar="NAME", help="float32, bfloat16 or float16.")
@click.option("--seed", type=click.IntRange(0), help="Of weights, orders and changes of faces.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="RUN|MODEL",
    help="Learn from this network, too; several are averaged.",
)
@click.option("--qat", is_flag=True, help="Add quantization-aware training after the float stage.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Share each batch among so many GPUs (KERAS_BACKEND=jax).",
)
@click.option(
    "--coordinator",
    default="",
    metavar="HOST:PORT|auto",
    help="Share each batch with other processes, on this host or others, that are started with the "
    "same options: where the first one listens; auto in a SLURM step or under Open MPI.",
)
@click.option("--processes", type=click.IntRange(1), default=1, metavar="N", help="So many in all.")
@click.option(
    "--process-id",
    type=click.IntRange(0),
    default=0,
    metavar="I",
    help="This one's number, from 0; the first writes the run folder.",
)
@click.option("--tensorboard", type=PATH, metavar="DIR", help="Write a TensorBoard log there.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run, or add --qat to one.")
@click.option("--overwrite", is_flag=True, help="Delete what stands at --out.")
@click.option("--json", "as_json", is_flag=True, help="The scores as JSON.")
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
    """Train a network on a face set: float first, then, with --qat, with int8 rounding.

    Training learns from the set's train part and selects on its validation part. The Keras backend
    is TensorFlow unless KERAS_BACKEND says jax or torch; these need no TensorFlow, but --qat does.
    With --qat the run ends with float, int8 by post-training quantization and int8 by
    quantization-aware training side by side.

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

    if not changes.get("teachers"):
        changes["teachers"] = None  # click has an empty tuple where none is given
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
        click.echo(json.dumps(json.loads((out / SCORES).read_text("utf-8"))))
        return
    click.echo(describe_evaluation(run.scores))
    if qat:
        from .reporting.side_by_side import compare_quantized

        click.echo(compare_quantized(out, run.faces))
    click.echo(f"run folder: {out}")


@contextmanager
def _first_line_shown() -> Iterator[None]:
    """Let what a training logs of its device through, without --verbose, too."""
    log = logging.getLogger("fer_edge.training.run")
    level = log.level
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _standard_output_kept() -> Iterator[None]:
    """Lead standard output to standard error: a library of JAX's says there whom it met."""
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
