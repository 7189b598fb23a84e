"""The parity gate, on counts of faces."""

import numpy as np
import pytest

from fer_edge.converters.quantization.gate import fault
from fer_edge.model.card import Gate
from fer_edge.scoring.scores import compare

N = 1000


def lost(broken: int, right: int) -> str:
    """Return the fault of a file that loses `broken` faces of `right` correct ones."""
    labels = np.zeros(N, np.uint8)
    reference, candidate = np.zeros((2, N, 2), np.float32)
    reference[np.arange(N), (np.arange(N) >= right).astype(int)] = 1
    candidate[np.arange(N), (np.arange(N) >= right - broken).astype(int)] = 1
    return fault(compare(candidate, reference, labels), candidate, Gate(0.3, min_agreement=0.9))


@pytest.mark.parametrize("right", range(400, 1000, 7))
def test_a_loss_of_the_limit_is_allowed_and_one_more_face_is_not(right: int) -> None:
    assert lost(3, right) == ""
    assert lost(4, right).startswith("loses 0.40 points")
