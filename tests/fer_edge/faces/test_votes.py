import numpy as np
import pytest

from fer_edge.faces.labels import FER2013, FERPLUS, FERPLUS_CLASSES, drawable
from fer_edge.faces.votes import NO_MAJORITY, majority, majority_labels, no_face


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ({"anger": 10}, "anger"),
        ({"anger": 6, "neutral": 4}, "anger"),
        ({"anger": 5, "neutral": 5}, None),
        ({"anger": 5, "neutral": 3, "fear": 2}, None),
        # single votes do not count: 4 of 10 votes become 4 of 6
        ({"anger": 4, "sadness": 2, "neutral": 1, "fear": 1, "disgust": 1, "contempt": 1}, "anger"),
        ({name: 1 for name in FERPLUS}, None),
        ({}, None),
        ({"unknown": 6, "anger": 4}, "unknown"),
        ({"not a face": 10}, "not a face"),
    ],
)
def test_the_majority_is_that_of_ferplus(votes: dict[str, int], winner: str | None) -> None:
    row = np.array([[votes.get(name, 0) for name in FERPLUS]], np.uint8)
    expected = NO_MAJORITY if winner is None else FERPLUS.index(winner)
    assert majority(row).tolist() == [expected]


def test_a_majority_becomes_a_label_of_the_sets_classes() -> None:
    votes = np.eye(10, dtype=np.uint8) * 9
    seven = majority_labels(votes, FER2013)
    assert seven is not None
    assert [FER2013[label] if label >= 0 else None for label in seven] == [
        *("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear"),
        *(None, None, None),
    ]
    eight = majority_labels(votes, FERPLUS_CLASSES)
    assert eight is not None
    assert eight.tolist() == [*range(8), -1, -1]
    synonyms = majority_labels(votes, ("fearful", "Joy"))
    assert synonyms is not None
    assert synonyms.tolist() == [-1, 1, -1, -1, -1, -1, 0, -1, -1, -1]
    assert majority_labels(votes, ("happy", "awake")) is None


def test_no_face_is_what_more_than_half_of_the_taggers_said() -> None:
    votes = np.zeros((4, 10), np.uint8)
    votes[0, 8:] = 3
    votes[0, 0] = 4
    votes[1, 8], votes[1, 0] = 5, 5
    votes[2, 0] = 10
    assert no_face(votes).tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("happy", "happy"), ("schläft ein", "schlaft ein"), ("目 b\tc", "? b?c"), ("ﬁt", "fit")],
)
def test_a_name_is_drawn_in_ascii(name: str, drawn: str) -> None:
    assert drawable(name) == drawn
