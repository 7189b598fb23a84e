"""What would it cost to read rare classes more often?

The served probabilities of PublicTest's faces, divided by each class's share of the training faces
to the power of tau (Menon et al. 2021, arXiv:2007.07314, section 4.1, "post-hoc"): accuracy and
recall for some tau. At 1 every class would count as if it were as frequent as the others.

    python -m benchmarks.rare_classes compact-ferplus --data ferplus.npz
"""

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.bundled import find_model
from fer_edge.evaluation import served_probabilities
from fer_edge.faceset import load_faceset
from fer_edge.interpreter import open_model
from fer_edge.scores import score

TAUS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def adjusted(
    probabilities: NDArray[np.float32], shares: NDArray[np.float64], tau: float
) -> NDArray[np.float32]:
    """Return what counts after the adjustment, float32 (n, classes), rows summing to 1."""
    raised = probabilities / shares**tau
    normed: NDArray[np.float32] = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return normed


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--split", default="validation", show_default=True)
def main(models: tuple[str, ...], data: Path, split: str) -> None:
    """Print a table for each model, in Markdown."""
    everything = load_faceset(data)
    labels, faces = everything.part("train").labels, everything.part(split)
    counts = np.bincount(labels, minlength=len(everything.class_names))
    shares = np.maximum(counts, 1) / len(labels)
    for model in models:
        with open_model(find_model(model)) as opened:
            probabilities = served_probabilities(opened, faces)
        click.echo(f"## {model}\n")
        names = " | ".join(faces.class_names)
        click.echo(f"| tau | accuracy | balanced | {names} |")
        click.echo("| --- " * (3 + len(faces.class_names)) + "|")
        for tau in TAUS:
            scores = score(adjusted(probabilities, shares, tau), faces.labels)
            recall = " | ".join(f"{share:.0%}" for share in scores.recall)
            click.echo(
                f"| {tau:.1f} | {scores.accuracy:.2%} | {scores.balanced_accuracy:.2%} | {recall} |"
            )
        click.echo()


if __name__ == "__main__":
    main()
