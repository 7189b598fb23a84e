"""When a model reports 0.8, is it right in 80% of cases? What does an `uncertain` threshold cost?

Prints, for the served, calibrated probabilities of PublicTest's faces: recall by class, calibration
error, accuracy by confidence, and the effect of a threshold.

    python -m benchmarks.confidence compact --data faces.npz
"""

import itertools
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.scoring.scores import score

from .command import Benchmark, data_option, models_argument, split_option

EDGES = (0.0, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7)


def reliability(sure: NDArray[np.float32], right: NDArray[np.bool_]) -> list[str]:
    """Return the rows of a table: range of probability, faces, mean probability, accuracy."""
    rows = ["| top probability | faces | mean | accuracy |", "| --- | --- | --- | --- |"]
    for low, high in itertools.pairwise(EDGES):
        inside = (sure >= low) & (sure < high)
        if not inside.any():
            continue
        name = f"{low:.2f} to {high:.2f}"
        if low == 0:
            name = f"below {high:.2f}"
        elif high > 1:
            name = f"above {low:.2f}"
        said, hit = sure[inside].mean(), right[inside].mean()
        rows.append(f"| {name} | {inside.sum()} | {said:.0%} | {hit:.0%} |")
    return rows


def thresholds(sure: NDArray[np.float32], right: NDArray[np.bool_]) -> list[str]:
    """Return the rows of a table: threshold, share of uncertain faces, accuracy of both parts."""
    rows = [
        "| threshold | uncertain | right on the rest | right on the uncertain |",
        "| --- | --- | --- | --- |",
    ]
    for threshold in THRESHOLDS:
        out = sure < threshold
        left_out = f"{right[out].mean():.0%}" if out.any() else ""
        rest = f"{right[~out].mean():.1%}" if not out.all() else ""
        rows.append(f"| {threshold:.2f} | {out.mean():.1%} | {rest} | {left_out} |")
    return rows


@click.command(cls=Benchmark)
@models_argument
@data_option
@split_option
def main(models: tuple[str, ...], data: Path, split: str) -> None:
    """Print the tables of each model, in Markdown."""
    faces = load_faceset(data).part(split)
    for model in models:
        with open_model(find_model(model)) as opened:
            probabilities = served_probabilities(opened, faces)
        scores = score(probabilities, faces.labels)
        sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == faces.labels
        recall = zip(faces.class_names, scores.recall, strict=True)
        click.echo(f"## {model}\n")
        error = scores.calibration_error
        shown = "of no probabilities" if error is None else f"{error:.2%}"
        click.echo(f"top-1 {scores.accuracy:.2%}, calibration error {shown}")
        click.echo("recall: " + ", ".join(f"{name} {share:.0%}" for name, share in recall) + "\n")
        click.echo("\n".join([*reliability(sure, right), "", *thresholds(sure, right), ""]))


if __name__ == "__main__":
    main()
