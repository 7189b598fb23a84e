"""Which errors of a model are label errors? FER2013's labels against the majority of FER+.

Splits the faces by whether ten taggers agree with the label, and prints the model's accuracy on
each part. Then it predicts the labels from the votes alone, by a regression on the training faces,
and from both: the product of its probabilities and the model's. Needs FER+ votes in the face set.

    python -m benchmarks.label_noise compact tiny --data faces.npz
"""

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.faces.votes import NO_MAJORITY, majority_labels
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.training.targets.vote_translation import learn_translation, translate

from .command import Benchmark, data_option, models_argument, split_option


def by_agreement(
    said: NDArray[np.int64], labels: NDArray[np.uint8], voted: NDArray[np.int64]
) -> list[str]:
    """Return the rows of a table: part of the faces, count, the model's agreement with both labels.

    Args:
        said: Most probable class of each face by the model, (n,).
        labels: Labels of the face set, (n,).
        voted: Class of the taggers' majority, (n,); `NO_MAJORITY` if there is none.
    """
    known = voted != NO_MAJORITY
    parts = {
        "majority agrees with the label": known & (voted == labels),
        "majority for another class": known & (voted != labels),
        "no majority": ~known,
        "all": np.ones(len(labels), bool),
    }
    rows = ["| faces | count | model = label | model = majority |", "| --- | --- | --- | --- |"]
    for name, rows_in in parts.items():
        judged = rows_in & known
        label = f"{(said == labels)[rows_in].mean():.1%}" if rows_in.any() else ""
        majority = f"{(said == voted)[judged].mean():.1%}" if judged.any() else ""
        rows.append(f"| {name} | {rows_in.sum()} | {label} | {majority} |")
    return rows


def told_by_votes(train: FaceSet, faces: FaceSet) -> NDArray[np.float32]:
    """Return the probability of each label given the votes, (n, classes)."""
    assert train.votes is not None and faces.votes is not None  # both are parts of one set
    weights = learn_translation(train.votes, train.labels, len(train.class_names))
    return translate(faces.votes, weights)


@click.command(cls=Benchmark)
@models_argument
@data_option
@split_option
def main(models: tuple[str, ...], data: Path, split: str) -> None:
    """Print the table of each model, in Markdown."""
    whole = load_faceset(data)
    faces = whole.part(split)
    voted = None if faces.votes is None else majority_labels(faces.votes, faces.class_names)
    if voted is None:
        raise click.ClickException(
            f"{data} has no FER+ votes for its classes; add them: fer-edge data import --votes"
        )
    told = told_by_votes(whole.part("train"), faces)
    for model in models:
        with open_model(find_model(model)) as opened:
            probabilities = served_probabilities(opened, faces)
        said = probabilities.argmax(axis=1)
        wrong = (said != faces.labels) & (voted != NO_MAJORITY)
        click.echo(f"## {model}\n")
        click.echo("\n".join(by_agreement(said, faces.labels, voted)))
        click.echo(
            f"\n{wrong.sum()} faces have a majority and a label that differs from the model's: "
            f"the majority agrees with the model on {(said == voted)[wrong].mean():.1%} of them, "
            f"and with the label on {(faces.labels == voted)[wrong].mean():.1%}"
        )
        shares = [
            (chosen.argmax(axis=1) == faces.labels).mean()
            for chosen in (told, probabilities, told * probabilities)
        ]
        click.echo(
            "share of labels predicted correctly: from the votes alone {:.2%}, by the model "
            "{:.2%}, by both together {:.2%}\n".format(*shares)
        )


if __name__ == "__main__":
    main()
