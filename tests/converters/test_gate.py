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


def differing(count: int, faces: int, percent: float) -> str:
    """Return the fault of a file that differs on some faces, none of which was right."""
    labels = np.full(faces, 2, np.uint8)
    reference, candidate = np.zeros((2, faces, 3), np.float32)
    reference[:, 0] = 1
    candidate[np.arange(faces), (np.arange(faces) < count).astype(int)] = 1
    return fault(compare(candidate, reference, labels), candidate, Gate(0.3, percent / 100))


@pytest.mark.parametrize("faces", [125, 200, 250, 500, 1000])
def test_an_agreement_of_the_limit_is_allowed_and_one_more_face_is_not(faces: int) -> None:
    for count in range(faces // 2):
        percent = round(100 * (faces - count) / faces, 6)
        assert differing(count, faces, percent) == ""
        assert "less than --min-agreement" in differing(count + 1, faces, percent)


@pytest.mark.parametrize("right", range(400, 1000, 7))
def test_a_loss_of_the_limit_is_allowed_and_one_more_face_is_not(right: int) -> None:
    assert lost(3, right) == ""
    assert lost(4, right).startswith("loses 0.40 points")
