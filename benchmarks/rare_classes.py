"""Cost of recognizing rare classes more often.

Classifies PublicTest's faces through the served path, without the temperature, and adjusts the
logits (Menon et al. 2021, arXiv:2007.07314, section 4.1, "post-hoc"): the logit of each class is
lowered by tau times the logarithm of its share of the training faces. With tau = 1, all classes
count as equally frequent. With --only, the logit of one class is raised by several offsets, as by
`fer-edge convert --logit-offset`; that file rounds once more, so its scores differ slightly.

    python -m benchmarks.rare_classes compact-ferplus --data ferplus.npz
    python -m benchmarks.rare_classes compact-ferplus --data ferplus.npz --only contempt
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.evaluation.evaluation import unscaled_probabilities
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from fer_edge.scoring.scores import score

from .command import Benchmark, data_option, models_argument, split_option

TAUS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
OFFSETS = (0.0, 0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5)


def adjusted(
    probabilities: NDArray[np.float32], offsets: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the probabilities after adding offsets to the logits, float32 (n, classes)."""
    raised = probabilities * np.exp(offsets)
    normed: NDArray[np.float32] = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return normed


def _plans(everything: FaceSet, only: str | None) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the name of each row of the table, and its logit offsets."""
    names = everything.class_names
    if only is not None:
        if only not in names:
            raise click.BadParameter(f"{only!r} is none of {', '.join(names)}", param_hint="--only")
        for offset in OFFSETS:
            yield f"{only} +{offset:g}", offset * np.eye(len(names))[names.index(only)]
        return
    labels = everything.part("train").labels
    counts = np.bincount(labels, minlength=len(names))
    shares = np.maximum(counts, 1) / len(labels)
    for tau in TAUS:
        yield f"tau {tau:.1f}", -tau * np.log(shares)


@click.command(cls=Benchmark)
@models_argument
@data_option
@split_option
@click.option("--only", metavar="CLASS", help="Raise the logit of this class only.")
def main(models: tuple[str, ...], data: Path, split: str, only: str | None) -> None:
    """Print a table for each model, in Markdown; after each recall, the number of predictions."""
    everything = load_faceset(data)
    faces, plans = everything.part(split), list(_plans(everything, only))
    for model in models:
        probabilities, floor = unscaled_probabilities(read_model(find_model(model)), faces)
        click.echo(f"## {model}\n")
        names = " | ".join(faces.class_names)
        click.echo(f"| added | accuracy | balanced | {names} |")
        click.echo("| --- " * (3 + len(faces.class_names)) + "|")
        for name, offsets in plans:
            raised = adjusted(np.maximum(probabilities, floor), offsets)
            scores = score(raised, faces.labels)
            said = np.bincount(raised.argmax(axis=1), minlength=raised.shape[1])
            recall = " | ".join(
                f"{share:.0%} ({times})" for share, times in zip(scores.recall, said, strict=True)
            )
            click.echo(
                f"| {name} | {scores.accuracy:.2%} | {scores.balanced_accuracy:.2%} | {recall} |"
            )
        click.echo()


if __name__ == "__main__":
    main()
