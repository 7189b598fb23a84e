"""The parity gate: the requirement for writing a file, relative to the float network."""

import numpy as np
from numpy.typing import NDArray

from fer_edge.model.card import Gate
from fer_edge.scoring.scores import Agreement


def fault(agreement: Agreement, probabilities: NDArray[np.float32], gate: Gate) -> str:
    """Return the reason why a file must not be written; empty if it may.

    Args:
        agreement: Agreement of the file with the float network.
        probabilities: Outputs of the file, float32 (n, classes).
        gate: The requirement.
    """
    drop_points = round(-100 * agreement.difference, 9)  # 0.3 points are not more than 0.3
    low, high = agreement.interval
    if not np.isfinite(probabilities).all():
        return "produces values that are not finite"
    if drop_points > gate.max_drop_points:
        return (
            f"loses {drop_points:.2f} points of accuracy against the float network "
            f"(95% interval {-100 * high:.2f} to {-100 * low:.2f}), more than --max-drop "
            f"{gate.max_drop_points:g}"
        )
    if round(agreement.top1 - gate.min_agreement, 9) < 0:  # nor is 236 of 250 less than 94.4%
        return (
            f"agrees with the float network on {agreement.top1:.2%} of the faces, less than "
            f"--min-agreement {100 * gate.min_agreement:g}"
        )
    return ""
