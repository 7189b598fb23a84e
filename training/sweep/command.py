"""`fer-edge sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.command_options import PATH

if TYPE_CHECKING:
    from ..reporting.history import Epoch
    from .search import Ended


@click.command()
@click.argument("file", type=PATH, metavar="SWEEP.toml")
@click.option(
    "--data",
    type=PATH,
    required=True,
    help="Face set (.npz), CSV file, or folder of class folders.",
)
@click.option("--out", type=PATH, required=True, help="Folder of the sweep.")
@click.option(
    "--trials",
    type=click.IntRange(1),
    metavar="N",
    help="Number of trials, if different from SWEEP.toml.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="Number of trainings at a time, each on one GPU if there are any. Default: 1; on "
    "Ray one per GPU of the cluster, or one per core if it has none.",
)
@click.option(
    "--ray",
    metavar="ADDRESS|local",
    help="Address of a Ray cluster to train on, for example 10.0.0.1:6379; all its nodes "
    "must see SWEEP.toml, data and OUT under the same paths. Needs pip install "
    "'fer-edge[ray]'.",
)
@click.option("--resume", is_flag=True, help="Continue trainings that a crash left unfinished.")
def sweep(
    file: Path,
    data: Path,
    out: Path,
    trials: int | None,
    jobs: int | None,
    ray: str | None,
    resume: bool,
) -> None:
    """Search for the best values of recipe keys with many trainings.

    SWEEP.toml names a recipe and, under [search], keys of it with a range or a list. Every trial is
    an ordinary run folder in OUT/trials; a trial with a validation curve below the others is
    stopped early. If you start the same command again, also on another machine that shares OUT, it
    joins the sweep. At the end, OUT contains report.html, trials.csv and best.toml, the recipe of
    the best trial.

    \b
    Example:
        recipe = "four-block"
        trials = 30
        [search]
        learning_rate = {low = 1e-4, high = 1e-2, log = true}
        batch_size = [32, 64, 128]
        optimizer.kind = ["adam", "sgd"]
        augmentation.rotation_degrees = {low = 0.0, high = 20.0}

    \b
        fer-edge sweep sweep.toml --data faces.npz --out sweeps/first
        fer-edge train --data faces.npz --recipe sweeps/first/best.toml --out runs/best
    """
    from dataclasses import replace

    from ..api import open_faces
    from .jobs import sharing
    from .report import PAGE, WINNER, write_report
    from .search import search
    from .study import abandoned, open_study
    from .sweep import load_sweep

    wanted = load_sweep(file)
    if trials is not None:
        wanted = replace(wanted, plan=replace(wanted.plan, trials=trials))
    faces = open_faces(data, size_px=wanted.size_px)[1]
    left = abandoned(open_study(wanted, out, faces.digest), out)
    if left and not resume:
        click.echo(
            f"fer-edge: {len(left)} trainings are unfinished; --resume continues them",
            err=True,
        )
    paths = [str(file.absolute()), "--data", str(data.absolute()), "--out", str(out.absolute())]
    same = ["sweep", *paths, "--trials", str(wanted.plan.trials)]
    if ray is not None:
        from .on_ray import search_on_ray

        search_on_ray(ray, jobs, same)
        study = open_study(wanted, out, faces.digest)
    else:
        with sharing(jobs or 1, same):
            study = search(
                wanted, faces, out, resume=resume, on_epoch=_say_epoch, on_trial=_say_trial
            )
    best = write_report(study, wanted, out)
    if best is None:
        click.echo("no trial was completed", err=True)
        click.get_current_context().exit(1)
    values = ", ".join(f"{key} = {value}" for key, value in best.params.items())
    click.echo(f"best: trial {best.number}, {best.value:.4f}: {values}")
    click.echo(f"recipe: {out / WINNER}\nreport: {out / PAGE}")


def _say_epoch(number: int, epoch: "Epoch") -> None:
    click.echo(
        f"trial {number}, epoch {epoch.number}: validation accuracy "
        f"{epoch.validation_accuracy:.2%}, loss {epoch.validation_loss:.4f}",
        err=True,
    )


def _say_trial(ended: "Ended") -> None:
    words = {"complete": "complete", "pruned": "stopped early", "failed": f"failed: {ended.reason}"}
    value = "" if ended.value is None else f", {ended.value:.4f}"
    click.echo(f"trial {ended.number} {words[ended.state]}{value}", err=True)
