"""Faces on which two models disagree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A face on which the reference and a model disagree.

    Attributes:
        row: Row in the split, from 0.
        label: The true class.
        reference: Class from the reference.
        model: Class from the model.
        reference_probability: Probability of the reference for its class.
        model_probability: Probability of the model for its class.
    """

    row: int
    label: int
    reference: int
    model: int
    reference_probability: float
    model_probability: float


def disagreements(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], labels: NDArray[np.uint8]
) -> tuple[Disagreement, ...]:
    """List the faces on which two models disagree.

    Args:
        ours: Probabilities of the model, float32 (n, classes).
        theirs: Probabilities of the reference.
        labels: uint8, (n,).

    Returns:
        Disagreements, sorted by the confidence of the less confident model, highest first.
    """
    model, reference = ours.argmax(axis=1), theirs.argmax(axis=1)
    [rows] = np.nonzero(model != reference)
    surest = np.minimum(ours.max(axis=1), theirs.max(axis=1))[rows]
    return tuple(
        Disagreement(
            row=int(row),
            label=int(labels[row]),
            reference=int(reference[row]),
            model=int(model[row]),
            reference_probability=float(theirs[row].max()),
            model_probability=float(ours[row].max()),
        )
        for row in rows[np.argsort(-surest, kind="stable")]
    )
