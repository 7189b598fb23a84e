"""Scores of probabilities against labels, and of two models against each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError

CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy of one model on one set of faces, in several measures; shares are 0 to 1.

    Attributes:
        n: Number of faces.
        accuracy: Top-1 accuracy.
        top3_accuracy: Share of faces with the true class among the three most probable ones.
        balanced_accuracy: Mean recall over the classes present.
        macro_f1: Mean F1 over the classes present.
        calibration_error: Expected calibration error of the top-1 probability, 15 equal-width
            bins (Guo et al. 2017, arXiv:1706.04599).
        recall: Recall per class; 0 for a class that is absent.
        confusion: Counts, rows are true classes, columns are predicted ones.
    """

    n: int
    accuracy: float
    top3_accuracy: float
    balanced_accuracy: float
    macro_f1: float
    calibration_error: float
    recall: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """One model (the candidate) against another (the reference) on the same faces.

    Attributes:
        n: Number of faces.
        top1: Share of faces with the same argmax.
        fixed: Number of faces that only the candidate gets right.
        broken: Number of faces that only the reference gets right.
        difference: Accuracy of the candidate minus that of the reference, a share.
        interval: Paired 95% confidence interval of the difference (Wald, on discordant pairs).
        largest_gap: Largest difference of any probability.
        recall_change: Recall of each class, candidate minus reference; empty in older cards.
    """

    n: int
    top1: float
    fixed: int
    broken: int
    difference: float
    interval: tuple[float, float]
    largest_gap: float
    recall_change: tuple[float, ...] = ()


def score(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Scores:
    """Score probabilities.

    Args:
        probabilities: float32, (n, classes), rows sum to about 1.
        labels: uint8, (n,).

    Raises:
        DatasetError: The shapes do not match, or a label has no probability.
    """
    n, classes = probabilities.shape
    if labels.shape != (n,) or n == 0 or labels.max() >= classes:
        raise DatasetError(
            f"labels {labels.shape} up to {labels.max(initial=0)} do not fit probabilities "
            f"{probabilities.shape}; expected one label below {classes} for each row"
        )
    top = probabilities.argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, top), 1)
    hits = np.diag(confusion)
    actual, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    recall = hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    present = actual > 0
    return Scores(
        n=n,
        accuracy=float(hits.sum() / n),
        top3_accuracy=float((_ranks(probabilities, labels) < 3).mean()),
        balanced_accuracy=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        calibration_error=calibration_error(probabilities, labels),
        recall=tuple(map(float, recall)),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
    )


def compare(
    candidate: NDArray[np.float32], reference: NDArray[np.float32], labels: NDArray[np.uint8]
) -> Agreement:
    """Compare two models' probabilities on the same faces.

    Args:
        candidate: float32, (n, classes).
        reference: float32, (n, classes).
        labels: uint8, (n,).

    Raises:
        DatasetError: The shapes differ, or there is no face.
    """
    if candidate.shape != reference.shape or len(labels) != len(candidate) or len(labels) == 0:
        raise DatasetError(
            f"cannot compare probabilities {candidate.shape} with {reference.shape} on "
            f"{len(labels)} labels; expected the same faces and classes"
        )
    n = len(labels)
    recalls = score(candidate, labels).recall, score(reference, labels).recall
    ours, theirs = candidate.argmax(axis=1), reference.argmax(axis=1)
    fixed = int(((ours == labels) & (theirs != labels)).sum())
    broken = int(((ours != labels) & (theirs == labels)).sum())
    difference = (fixed - broken) / n
    spread = 1.96 * np.sqrt(max(fixed + broken - (fixed - broken) ** 2 / n, 0.0)) / n
    return Agreement(
        n=n,
        top1=float((ours == theirs).mean()),
        fixed=fixed,
        broken=broken,
        difference=difference,
        interval=(float(difference - spread), float(difference + spread)),
        largest_gap=float(np.abs(candidate - reference).max()),
        recall_change=tuple(a - b for a, b in zip(*recalls, strict=True)),
    )


def calibration_error(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the expected calibration error of the top-1 probability, a share; see `Scores`.

    Args:
        probabilities: float32, (n, classes).
        labels: uint8, (n,).
    """
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def _ranks(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the rank of each face's own class; equal ones keep their order, as in argmax."""
    own = np.take_along_axis(probabilities, labels[:, None].astype(np.int64), axis=1)
    earlier = np.arange(probabilities.shape[1]) < labels[:, None]
    ranks: NDArray[np.int64] = ((probabilities > own) | ((probabilities == own) & earlier)).sum(
        axis=1
    )
    return ranks
