"""Scores of probabilities against labels, and of two models against each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError

CALIBRATION_BINS = 15

SUM_TOLERANCE = 0.05
"""Tolerance of the sum of probabilities: an 8-bit output rounds each of them."""

NO_ANSWER = -1
"""Instead of a class, for a face whose outputs are not finite."""

_ROUNDING = 1 / 512
"""Largest rounding error of one 8-bit probability; of many classes, they add up."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy of one model on one set of faces, in several measures; shares are 0 to 1.

    A face whose outputs are not finite has no answer, which counts as wrong.

    Attributes:
        n: Number of faces.
        accuracy: Top-1 accuracy.
        top3_accuracy: Share of faces with the true class among the three most probable ones.
        balanced_accuracy: Mean recall over the classes present.
        macro_f1: Mean F1 over the classes present.
        calibration_error: Expected calibration error of the top-1 probability, 15 equal-width
            bins (Guo et al. 2017, arXiv:1706.04599); None if the outputs are not probabilities.
        recall: Recall per class; 0 for a class that is absent.
        confusion: Counts, rows are true classes, columns are predicted ones; without the faces that
            have no answer.
    """

    n: int
    accuracy: float
    top3_accuracy: float
    balanced_accuracy: float
    macro_f1: float
    calibration_error: float | None
    recall: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def shown_recall(self) -> tuple[str, ...]:
        """Recall per class as text, such as 61.3%; "-" for a class without an answered face."""
        rows = zip(self.recall, self.confusion, strict=True)
        return tuple(f"{share:.1%}" if any(row) else "-" for share, row in rows)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One model (the candidate) against another (the reference) on the same faces.

    Attributes:
        n: Number of faces.
        top1: Share of faces with the same answer; a face without one counts as different.
        fixed: Number of faces that only the candidate gets right.
        broken: Number of faces that only the reference gets right.
        difference: Accuracy of the candidate minus that of the reference, a share.
        interval: Paired 95% confidence interval of the difference: Wald's, adjusted by one more
            fixed and one more broken face (Bonett and Price 2012, doi:10.3102/1076998611411915).
        largest_gap: Largest difference of any probability; None if a model has other outputs.
        recall_change: Recall of each class, candidate minus reference; empty in older cards.
    """

    n: int
    top1: float
    fixed: int
    broken: int
    difference: float
    interval: tuple[float, float]
    largest_gap: float | None
    recall_change: tuple[float, ...] = ()


def are_probabilities(outputs: NDArray[np.float32]) -> bool:
    """Return whether outputs are finite, within 0 to 1, and add up to about 1 in each row.

    A network without a softmax has other outputs. They have an order of the classes, but nothing
    can be said about how sure the network is.

    Args:
        outputs: float32, (n, classes).
    """
    tolerance = max(SUM_TOLERANCE, _ROUNDING * outputs.shape[1])
    # a comparison with NaN is never true; values from 0 that add up to 1 are at most 1
    return bool((outputs >= 0).all() and (abs(outputs.sum(axis=1) - 1) < tolerance).all())


def answers(outputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the class with the highest output in each row; `NO_ANSWER` if one is not finite.

    Args:
        outputs: float32, (n, classes).
    """
    top: NDArray[np.int64] = outputs.argmax(axis=1).astype(np.int64)
    top[~np.isfinite(outputs).all(axis=1)] = NO_ANSWER
    return top


def score(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Scores:
    """Score probabilities, or other outputs, of which the highest is the answer.

    Args:
        probabilities: float32, (n, classes).
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
    top = answers(probabilities)
    answered = top != NO_ANSWER
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels[answered], top[answered]), 1)
    hits = np.diag(confusion)
    actual, predicted = np.bincount(labels, minlength=classes), confusion.sum(axis=0)
    recall = hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    present = actual > 0
    return Scores(
        n=n,
        accuracy=float(hits.sum() / n),
        top3_accuracy=float(((_ranks(probabilities, labels) < 3) & answered).mean()),
        balanced_accuracy=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        calibration_error=calibration_error(probabilities, labels),
        recall=tuple(map(float, recall)),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
    )


def compare(
    candidate: NDArray[np.float32], reference: NDArray[np.float32], labels: NDArray[np.uint8]
) -> Agreement:
    """Compare two models' probabilities, or other outputs, on the same faces.

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
    have_probabilities = are_probabilities(candidate) and are_probabilities(reference)
    recalls = score(candidate, labels).recall, score(reference, labels).recall
    ours, theirs = answers(candidate), answers(reference)
    fixed = int(((ours == labels) & (theirs != labels)).sum())
    broken = int(((ours != labels) & (theirs == labels)).sum())
    return Agreement(
        n=n,
        top1=float(((ours == theirs) & (ours != NO_ANSWER)).mean()),
        fixed=fixed,
        broken=broken,
        difference=(fixed - broken) / n,
        interval=paired_interval(n, fixed, broken),
        largest_gap=float(np.abs(candidate - reference).max()) if have_probabilities else None,
        recall_change=tuple(a - b for a, b in zip(*recalls, strict=True)),
    )


def paired_interval(n: int, fixed: int, broken: int) -> tuple[float, float]:
    """Return the 95% interval of `Agreement`, a difference of shares within -1 to 1.

    Wald's plain interval would have no width if no face changes, and would exclude 0 after four
    fixed faces, which are chance in one case of eight.

    Args:
        n: Number of faces, at least 1.
        fixed: Number of faces that only the candidate gets right.
        broken: Number of faces that only the reference gets right.
    """
    gained, lost, faces = fixed + 1, broken + 1, n + 2
    middle = (gained - lost) / faces
    spread = 1.96 * float(np.sqrt(gained + lost - (gained - lost) ** 2 / faces)) / faces
    return max(-1.0, middle - spread), min(1.0, middle + spread)


def calibration_error(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8]
) -> float | None:
    """Return the expected calibration error of the top-1 probability, a share; see `Scores`.

    Args:
        probabilities: float32, (n, classes).
        labels: uint8, (n,).
    """
    if not are_probabilities(probabilities):
        return None
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
