"""Whether what a user says of a foreign network can be true.

Swapped labels and wrong input scaling are the field's commonest serving bugs: they cost published
edge projects 7 to 30 points, and nothing crashes. A labelled face set gives both away: another
order of the labels, or another input range, then scores far better than the one claimed.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.faceset import FaceSet

from .source import Claims, float_probabilities, open_foreign

USUAL_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-0.5, 0.5))
"""Real values of black and white that public networks are trained with."""

MARGIN = 0.02
"""Share of the faces by which another reading must win; chance does not bring that much on the
3,589 faces of a FER2013 split (two standard errors of a paired difference are 0.005 there)."""


def check_claims(path: Path, claims: Claims, faces: FaceSet) -> None:
    """Check a user's words on a network against labelled faces.

    Args:
        path: The network's file.
        claims: Its classes and input range, as the user says.
        faces: With a `validation` part.

    Raises:
        ModelError: Another order of the classes, or another range, is right on many more faces.
        DatasetError: The faces have other classes.
    """
    validation = faces.in_class_order(claims.labels).part("validation")

    def read(span: tuple[float, float]) -> NDArray[np.float32]:
        source = open_foreign(path, replace(claims, input_range=span))
        return float_probabilities(source, validation)

    spans = {claims.input_range, *USUAL_RANGES}
    probabilities = {span: read(span) for span in spans}
    check_range(
        {
            span: float((found.argmax(axis=1) == validation.labels).mean())
            for span, found in probabilities.items()
        },
        claims.input_range,
    )
    check_labels(probabilities[claims.input_range], validation.labels, claims.labels)


def check_labels(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], names: tuple[str, ...]
) -> None:
    """Check that no other order of the class names fits the faces better.

    Args:
        probabilities: float32 (n, classes), of the network as claimed.
        labels: uint8 (n,).
        names: The claimed classes in output order.

    Raises:
        ModelError: Another order is right on many more faces; the message has it.
    """
    top = probabilities.argmax(axis=1)
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (labels, top), 1)
    order = _best_order(confusion)
    claimed = np.trace(confusion) / len(labels)
    better = confusion[order, np.arange(len(names))].sum() / len(labels)
    if better - claimed > MARGIN:
        raise ModelError(
            f"with these labels the network is right on {claimed:.1%} of the faces, with --labels "
            f"{','.join(names[i] for i in order)} on {better:.1%}: the order looks wrong; "
            "correct it, or pass --as-told"
        )


def check_range(scores: Mapping[tuple[float, float], float], claimed: tuple[float, float]) -> None:
    """Check that no other input range scores better.

    Args:
        scores: Accuracy of the network by the range it is fed, as a share.
        claimed: The range that the user named, one of them.

    Raises:
        ModelError: Another range is right on many more faces; the message has it.
    """
    best = max(scores, key=lambda pair: scores[pair])
    if scores[best] - scores[claimed] > MARGIN:
        raise ModelError(
            f"fed {claimed[0]:g} to {claimed[1]:g} the network is right on {scores[claimed]:.1%} "
            f"of the faces, fed {best[0]:g} to {best[1]:g} on {scores[best]:.1%}: the range looks "
            f"wrong; try --input-range {best[0]:g},{best[1]:g}, or pass --as-told"
        )


def _best_order(confusion: NDArray[np.int64]) -> list[int]:
    """Give each output the class that it mostly fires for, the surest pairs first."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    order = [0] * len(confusion)
    for _ in order:
        label, output = np.unravel_index(int(shares.argmax()), shares.shape)
        order[int(output)] = int(label)
        shares[label, :] = -1.0
        shares[:, output] = -1.0
    return order
