"""Check of a user's statements about a foreign network.

Swapped labels and wrong input scaling are the most common serving bugs: they cost published edge
projects 7 to 30 points, without any error. A labeled face set reveals both: another order of the
labels, or another input range, then scores much better.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.faces.faceset import FaceSet
from fer_edge.scoring.scores import answers

from .claims import Claims
from .source import float_probabilities
from .wrapping import ForeignNetwork, wrap_network

USUAL_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-0.5, 0.5))
"""Real values of black and white used in training by public networks."""

MARGIN = 0.02
STANDARD_ERRORS = 3.0
"""Minimum gain of an alternative, as a share of the faces, and in standard errors of the paired
difference: with few faces, chance alone can gain some points."""


def check_claims(foreign: ForeignNetwork, claims: Claims, faces: FaceSet) -> None:
    """Check a user's statements about a network against labeled faces.

    Args:
        foreign: Network to check.
        claims: Classes and input range stated by the user.
        faces: Face set with a `validation` split.

    Raises:
        ModelError: Another order of the classes, or another range, is correct on many more faces.
        DatasetError: The faces have other classes.
    """
    validation = faces.in_class_order(claims.labels).part("validation")
    top = {}
    for span in {claims.input_range, *USUAL_RANGES}:
        wrapped = wrap_network(foreign, replace(claims, input_range=span))
        top[span] = answers(float_probabilities(wrapped, validation))
    check_range(
        {span: found == validation.labels for span, found in top.items()}, claims.input_range
    )
    check_labels(top[claims.input_range], validation.labels, claims.labels)


def check_labels(top: NDArray[np.int64], labels: NDArray[np.uint8], names: tuple[str, ...]) -> None:
    """Check that no other order of the class names is much better.

    Args:
        top: int64 (n,), the network's top-1 outputs.
        labels: uint8 (n,), in the numbering of `names`.
        names: The claimed classes in output order.

    Raises:
        ModelError: Another order is correct on many more faces; the message contains it.
    """
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (labels, top), 1)
    order = np.array(_best_order(confusion))
    claimed, other = top == labels, order[top] == labels
    if _is_clearly_better(other, claimed):
        raise ModelError(
            f"with these labels the accuracy is {claimed.mean():.1%}, with --labels "
            f"{','.join(names[i] for i in order)} it is {other.mean():.1%}: the order looks "
            "wrong; correct it, or pass --trust-claims"
        )


def check_range(
    hits: Mapping[tuple[float, float], NDArray[np.bool_]], claimed: tuple[float, float]
) -> None:
    """Check that no other input range is much better.

    Args:
        hits: By input range: bool (n,), whether the network is correct on each face.
        claimed: The range stated by the user, one of them.

    Raises:
        ModelError: Another range is correct on many more faces; the message contains it.
    """
    best = max(hits, key=lambda span: hits[span].sum())
    if _is_clearly_better(hits[best], hits[claimed]):
        raise ModelError(
            f"with the range {claimed[0]:g} to {claimed[1]:g} the accuracy is "
            f"{hits[claimed].mean():.1%}, with {best[0]:g} to {best[1]:g} it is "
            f"{hits[best].mean():.1%}: the range looks wrong; try --input-range "
            f"{best[0]:g},{best[1]:g}, or pass --trust-claims"
        )


def _is_clearly_better(other: NDArray[np.bool_], claimed: NDArray[np.bool_]) -> bool:
    gain = int(other.sum()) - int(claimed.sum())
    chance = STANDARD_ERRORS * np.sqrt((other != claimed).sum())
    return bool(gain > max(MARGIN * len(claimed), chance))


def _best_order(confusion: NDArray[np.int64]) -> list[int]:
    """Assign each output the class that it mostly responds to, the most certain pairs first."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    order = [0] * len(confusion)
    for _ in order:
        label, output = np.unravel_index(int(shares.argmax()), shares.shape)
        order[int(output)] = int(label)
        shares[label, :] = -1.0
        shares[:, output] = -1.0
    return order
