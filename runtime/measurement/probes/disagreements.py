"""Faces that two models read differently."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A face that the reference and a model read differently.

    Attributes:
        row: In the split, counted from 0.
        label: The true class.
        reference: The reference's class.
        model: The model's class.
        reference_probability: The reference's, of its class.
        model_probability: The model's, of its class.
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
    """List the faces that two models read differently.

    Args:
        ours: The model's probabilities, float32 (n, classes).
        theirs: The reference's.
        labels: uint8, (n,).

    Returns:
        Those first of which the less sure one of the two is surest.
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
