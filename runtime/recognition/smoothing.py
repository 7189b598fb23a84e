"""From what is read in each frame to a label that stays.

All pure functions of the last state, so that they can be tried on paper. Times are the frames' own:
a result does not depend on the frame rate, nor on frames that were dropped.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .result import UNCERTAIN


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How steady a label is to be.

    Attributes:
        smooth_s: Time constant of the smoothing in seconds; a sudden change is two thirds through
            after it. 0 is off.
        hysteresis: A new label's probability must lead by this much, 0 to 1. 0 is off.
        uncertain_below: A face is `uncertain` while no expression is this probable, 0 to 1. 0 is
            off. At 0.4 `compact` is uncertain about 10% of FER2013's PublicTest and right on 73% of
            the rest, instead of 69% of all (docs/explanation/temperature.md).
    """

    smooth_s: float = 0.2
    hysteresis: float = 0.1
    uncertain_below: float = 0.4


STEADY = Steadiness()
"""The defaults."""


def smoothed(
    last: NDArray[np.float32], now: NDArray[np.float32], elapsed_s: float, smooth_s: float
) -> NDArray[np.float32]:
    """Move smoothed probabilities towards new ones by an exponential with a time constant.

    This is the exact solution for probabilities that stay the same between two readings: two steps
    of 50 ms are one step of 100 ms.

    Args:
        last: float32, (classes,), the smoothed ones so far.
        now: float32, (classes,), read now.
        elapsed_s: Seconds since `last`; below 0, where a source's clock began anew, `last` is of
            no use.
        smooth_s: The time constant in seconds; 0 takes `now` as it is.

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
    """Choose the label by the probabilities and the label so far.

    `UNCERTAIN` while the most probable expression stays below the threshold, and until it is above
    by the hysteresis again. A label stays until another leads by the hysteresis, but not below the
    threshold.

    Args:
        probabilities: float32, (classes,).
        labels: The expressions in output order.
        steadiness: Threshold and hysteresis.
        last: The label so far, or None.
    """
    top = int(probabilities.argmax())
    lead, threshold = steadiness.hysteresis, steadiness.uncertain_below
    # an expression cannot be more probable than 1: a threshold near it must stay within reach
    needed = min(threshold + lead, (1 + threshold) / 2) if last == UNCERTAIN else threshold
    if probabilities[top] < needed:
        return UNCERTAIN
    if last is not None and last in labels:
        own = probabilities[labels.index(last)]
        if own >= threshold and probabilities[top] - own < lead:
            return last
    return labels[top]
