"""Scores of each group of faces, with confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.groups import Grouping
from fer_edge.scoring.scores import score

_Z = 1.959963984540054
"""For a 95% interval."""

LEAST_FACES = 10
"""With fewer faces, intervals of the overconfidence would hold the truth less often than 90%."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """Scores of one model on the faces of one group; shares are 0 to 1, intervals 95%.

    Attributes:
        grouping: Name of the grouping, such as `age`.
        group: Name of the group, such as `60 and older`.
        n: Number of faces in the group.
        accuracy: Top-1 accuracy.
        accuracy_interval: Interval of the accuracy (Wilson 1927).
        recall: Recall of each class; None for a class that the group does not contain.
        recall_intervals: Interval of each recall (Wilson 1927); None for the same classes.
        calibration_error: Expected calibration error, as in `Scores`. It grows for few faces. This
            and the next two are None if the outputs are not probabilities.
        overconfidence: Mean top-1 probability minus accuracy: above 0 the model is overconfident on
            this group, below 0 underconfident. It does not grow for few faces.
        overconfidence_interval: Interval of the overconfidence, from those of the mean probability
            and of the accuracy (Zou and Donner 2008, with their correlation as in Newcombe 1998);
            also None below 10 faces.
    """

    grouping: str
    group: str
    n: int
    accuracy: float
    accuracy_interval: Interval
    recall: tuple[float | None, ...]
    recall_intervals: tuple[Interval | None, ...]
    calibration_error: float | None
    overconfidence: float | None
    overconfidence_interval: Interval | None


def score_groups(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], groupings: Sequence[Grouping]
) -> tuple[GroupScores, ...]:
    """Score all groups that have faces, in the order of the groupings and their groups.

    Args:
        probabilities: float32, (n, classes), rows sum to about 1.
        labels: uint8, (n,).
        groupings: Groupings of the same n faces.
    """
    found = []
    for grouping in groupings:
        for number, group in enumerate(grouping.groups):
            rows = grouping.members == number
            if rows.any():
                found.append(_score(grouping.name, group, probabilities[rows], labels[rows]))
    return tuple(found)


def wilson(hits: int, n: int) -> Interval:
    """Return the 95% interval of a share (Wilson 1927), which is within 0 to 1 for few faces."""
    share, z2 = hits / n, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _score(
    grouping: str, group: str, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]
) -> GroupScores:
    scores = score(probabilities, labels)
    hits = [row[index] for index, row in enumerate(scores.confusion)]
    counts = np.bincount(labels, minlength=len(hits)).tolist()
    pairs = list(zip(hits, counts, strict=True))
    overconfidence = interval = None
    if scores.calibration_error is not None:
        overconfidence, interval = _overconfidence(probabilities, labels)
    return GroupScores(
        grouping=grouping,
        group=group,
        n=scores.n,
        accuracy=scores.accuracy,
        accuracy_interval=wilson(sum(hits), scores.n),
        recall=tuple(hit / count if count else None for hit, count in pairs),
        recall_intervals=tuple(wilson(hit, count) if count else None for hit, count in pairs),
        calibration_error=scores.calibration_error,
        overconfidence=overconfidence,
        overconfidence_interval=interval,
    )


def _overconfidence(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8]
) -> tuple[float, Interval | None]:
    sure = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    accuracy, n = float(right.mean()), len(right)
    mean = float(sure.mean()) - accuracy
    if n < LEAST_FACES:
        return mean, None
    # Wald's interval of the differences by face is much too narrow while hardly a face is wrong
    half = _Z * float(sure.std(ddof=1) / np.sqrt(n))
    scale = float(sure.std() * right.std())
    together = float(((sure - sure.mean()) * (right - accuracy)).mean()) / scale if scale else 0.0
    low, high = wilson(round(right.sum()), n)

    def reach(other: float) -> float:
        squared = half**2 + other**2 - 2 * together * half * other
        return float(np.sqrt(max(squared, 0.0)))

    return mean, (mean - reach(high - accuracy), mean + reach(accuracy - low))
