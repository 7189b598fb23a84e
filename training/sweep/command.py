"""`fer-edge sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..reporting.history import Epoch
    from .search import Ended

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=PATH, metavar="SWEEP.toml")
@click.option("--data", type=PATH, required=True, help="A .npz face set, csv, or class folders.")
@click.option("--out", type=PATH, required=True, help="The folder of the sweep.")
@click.option(
    "--trials",
    type=click.IntRange(1),
    metavar="N",
    help="Other than the file's: more, for instance.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 4096),
    metavar="N",
    help="Train so many at once, each on one GPU where there are any. Default: 1; on Ray one for "
    "each GPU of the cluster, or each core where it has none.",
)
@click.option(
    "--ray",
    metavar="ADDRESS|local",
    help="Train on a Ray cluster, as 10.0.0.1:6379, whose nodes all see SWEEP.toml, data and OUT "
    "under the same names. Needs pip install 'fer-edge[ray]'.",
)
@click.option("--resume", is_flag=True, help="Go on with trainings that a crash left unfinished.")
def sweep(
    file: Path,
    data: Path,
    out: Path,
    trials: int | None,
    jobs: int | None,
    ray: str | None,
    resume: bool,
) -> None:
    """Search for the best values of a recipe's keys, by many trainings.

    SWEEP.toml names a recipe and, under [search], keys of it with a range or a list. Every trial is
    an ordinary run folder in OUT/trials; one whose validation curve lags behind the others' is
    given up. The same command, started again, elsewhere too where OUT is on a shared folder, joins
    in. At the end, report.html, trials.csv and best.toml, the winner's recipe, are in OUT.

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
    faces = open_faces(data)[1]
    left = abandoned(open_study(wanted, out, faces.digest), out)
    if left and not resume:
        click.echo(
            f"fer-edge: {len(left)} trainings were left unfinished; --resume goes on with them",
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
        click.echo("no trial is complete", err=True)
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
    words = {"complete": "complete", "pruned": "given up", "failed": f"failed: {ended.reason}"}
    value = "" if ended.value is None else f", {ended.value:.4f}"
    click.echo(f"trial {ended.number} {words[ended.state]}{value}", err=True)
