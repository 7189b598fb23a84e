"""Faces on which two models disagree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.scoring.scores import NO_ANSWER, answers, are_probabilities


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A face on which the reference and a model disagree.

    Attributes:
        row: Row in the split, from 0.
        label: The true class.
        reference: Class from the reference.
        model: Class from the model.
        reference_probability: Probability of the reference for its class; None if its outputs are
            not probabilities.
        model_probability: Probability of the model for its class; None if its outputs are not
            probabilities.
    """

    row: int
    label: int
    reference: int
    model: int
    reference_probability: float | None
    model_probability: float | None


def disagreements(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], labels: NDArray[np.uint8]
) -> tuple[Disagreement, ...]:
    """List the faces on which two models disagree; both have an answer.

    Args:
        ours: Probabilities of the model, or its other outputs, float32 (n, classes).
        theirs: Probabilities of the reference.
        labels: uint8, (n,).

    Returns:
        Disagreements, sorted by the confidence of the less confident model, highest first.
    """
    model, reference = answers(ours), answers(theirs)
    [rows] = np.nonzero((model != reference) & (np.minimum(model, reference) != NO_ANSWER))
    surest = np.minimum(ours.max(axis=1), theirs.max(axis=1))[rows]
    is_known = are_probabilities(theirs), are_probabilities(ours)
    return tuple(
        Disagreement(
            row=int(row),
            label=int(labels[row]),
            reference=int(reference[row]),
            model=int(model[row]),
            reference_probability=float(theirs[row].max()) if is_known[0] else None,
            model_probability=float(ours[row].max()) if is_known[1] else None,
        )
        for row in rows[np.argsort(-surest, kind="stable")]
    )
