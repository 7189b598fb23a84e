"""From predictions in each frame to a steady label.

All functions are pure functions of the last state, so that they are easy to test. Times are frame
times: a result depends neither on the frame rate nor on dropped frames.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.ranges import check_range

from .result import UNCERTAIN


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Settings for steady labels.

    Attributes:
        smooth_s: Time constant of the smoothing in seconds; after it, two thirds of a sudden change
            are visible. 0 is off.
        hysteresis: Margin by which a new label must be more probable, 0 to 1. 0 is off.
        uncertain_below: Lowest probability of a label, 0 to 1; below it a face is `uncertain`. 0 is
            off. At 0.4 `compact` is uncertain about 10% of FER2013's PublicTest and right on 75% of
            the rest, compared with 70% of all (docs/explanation/temperature.md).
    """

    smooth_s: float = 0.2
    hysteresis: float = 0.1
    uncertain_below: float = 0.4

    def __post_init__(self) -> None:
        check_range("smooth_s", self.smooth_s, 0, 3600)
        check_range("hysteresis", self.hysteresis, 0, 1)
        check_range("uncertain_below", self.uncertain_below, 0, 1)


STEADY = Steadiness()
"""The defaults."""


def unknown(classes: int) -> NDArray[np.float32]:
    """Return the probabilities of a face without a result: all equal, float32 (classes,)."""
    return np.full(classes, 1 / classes, np.float32)


def smoothed(
    last: NDArray[np.float32], now: NDArray[np.float32], elapsed_s: float, smooth_s: float
) -> NDArray[np.float32]:
    """Update smoothed probabilities with new ones by exponential smoothing.

    This is the exact solution for probabilities that are constant between two predictions: two
    steps of 50 ms equal one step of 100 ms.

    Args:
        last: float32, (classes,), previous smoothed probabilities.
        now: float32, (classes,), new probabilities.
        elapsed_s: Seconds since `last`; if negative, since a source's clock restarted, `last` is
            ignored.
        smooth_s: Time constant in seconds; 0 returns `now`.

    Returns:
        float32, (classes,).
    """
    if smooth_s <= 0 or elapsed_s < 0:
        return now
    share = np.float32(1 - math.exp(-elapsed_s / smooth_s))
    moved: NDArray[np.float32] = last + share * (now - last)
    return moved


def steady_label(
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
    steadiness: Steadiness,
    last: str | None = None,
) -> str:
    """Choose the label from the probabilities and the previous label.

    `UNCERTAIN` while the most probable expression is below the threshold, and until it exceeds the
    threshold by the hysteresis. A label stays until another one leads by the hysteresis, unless it
    falls below the threshold.

    Args:
        probabilities: float32, (classes,).
        labels: Expressions in output order.
        steadiness: Threshold and hysteresis.
        last: Previous label, or None.
    """
    top = int(probabilities.argmax())
    lead, threshold = steadiness.hysteresis, steadiness.uncertain_below
    # a probability cannot exceed 1: a threshold near 1 must stay reachable
    needed = min(threshold + lead, (1 + threshold) / 2) if last == UNCERTAIN else threshold
    if probabilities[top] < needed:
        return UNCERTAIN
    if last is not None and last in labels:
        own = probabilities[labels.index(last)]
        if own >= threshold and probabilities[top] - own < lead:
            return last
    return labels[top]
