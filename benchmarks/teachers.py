"""Accuracy of several trained networks, alone and with mirror images, and of their mean.

A teacher that is not better than the student, or that makes the same errors, is not useful. Prints
the accuracy of each run's float network on PublicTest, alone and averaged with the mirrored face;
the accuracy of the mean of all networks; and the share of faces on which two networks agree. Stored
predictions (`.npz`) count as a network that already includes the mirrored face.

    python -m benchmarks.teachers runs/compact runs/compact-48px --data faces.npz
"""

from itertools import combinations
from pathlib import Path

import click
import numpy as np

from fer_edge.faces.faceset import load_faceset
from fer_edge.scoring.scores import score
from fer_edge.training.backend.validation import predict
from fer_edge.training.targets.distillation import load_teachers
from fer_edge.training.targets.predictions import Predictions

from .command import Benchmark, data_option, split_option


@click.command(cls=Benchmark)
@click.argument("runs", nargs=-1, required=True)
@data_option
@split_option
def main(runs: tuple[str, ...], data: Path, split: str) -> None:
    """Print two tables in Markdown."""
    everything = load_faceset(data)
    faces = everything.part(split)
    views = (faces.images, np.ascontiguousarray(faces.images[:, :, ::-1]))
    said = {
        run: [teacher.of(faces.images)] * 2
        if isinstance(teacher, Predictions)
        else [predict(teacher, view) for view in views]
        for run, teacher in zip(runs, load_teachers(runs, everything), strict=True)
    }
    click.echo("| network | as it is | with the mirrored face | balanced |")
    click.echo("| --- | --- | --- | --- |")
    means = [np.mean(parts, axis=0) for parts in zip(*said.values(), strict=True)]
    for name, (plain, mirrored) in {**said, "the mean": means}.items():
        both = score((plain + mirrored) / 2, faces.labels)
        click.echo(
            f"| {name} | {score(plain, faces.labels).accuracy:.2%} | {both.accuracy:.2%} | "
            f"{both.balanced_accuracy:.2%} |"
        )
    if len(runs) < 2:
        return
    click.echo("\n| two networks | same label |")
    click.echo("| --- | --- |")
    for one, other in combinations(runs, 2):
        same = said[one][0].argmax(axis=1) == said[other][0].argmax(axis=1)
        click.echo(f"| {one}, {other} | {same.mean():.2%} |")


if __name__ == "__main__":
    main()
