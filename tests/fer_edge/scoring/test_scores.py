import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.scoring.scores import are_probabilities, compare, paired_interval, score


def sure_of(answers: list[int], classes: int = 3, confidence: float = 1.0) -> NDArray[np.float32]:
    """Return probabilities whose most probable classes are these answers."""
    rest = (1 - confidence) / (classes - 1)
    table = np.full((len(answers), classes), rest, np.float32)
    table[np.arange(len(answers)), answers] = confidence
    return table


LABELS = np.array([0, 0, 0, 0, 1, 1], np.uint8)


def test_a_known_confusion_has_its_known_scores() -> None:
    scores = score(sure_of([0, 0, 0, 1, 1, 0]), LABELS)
    assert scores.confusion == ((3, 1, 0), (1, 1, 0), (0, 0, 0))
    assert scores.n == 6
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.recall == pytest.approx((3 / 4, 1 / 2, 0))
    assert scores.shown_recall == ("75.0%", "50.0%", "-")
    # the class without faces counts in neither mean
    assert scores.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert scores.macro_f1 == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_the_three_most_probable_classes_count_for_top_3() -> None:
    row = [0.4, 0.3, 0.2, 0.1]
    four = np.array([row] * 4, np.float32)
    assert score(four, np.arange(4, dtype=np.uint8)).top3_accuracy == pytest.approx(3 / 4)
    # equal probabilities count in the order in which argmax takes them
    even = np.full((4, 4), 0.25, np.float32)
    scores = score(even, np.arange(4, dtype=np.uint8))
    assert (scores.accuracy, scores.top3_accuracy) == (pytest.approx(1 / 4), pytest.approx(3 / 4))


def test_always_the_same_answer_is_no_better_than_chance_when_balanced() -> None:
    scores = score(sure_of([0] * 100), np.array([0] * 98 + [1, 2], np.uint8))
    assert scores.accuracy == pytest.approx(0.98)
    assert scores.balanced_accuracy == pytest.approx(1 / 3)


def test_a_model_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    right = score(sure_of([0, 0, 1, 1]), np.array([0, 0, 1, 1], np.uint8))
    assert right.calibration_error == pytest.approx(0)
    answers = [0] * 10
    labels = np.array([0] * 7 + [1] * 3, np.uint8)
    honest = score(sure_of(answers, confidence=0.7), labels)
    boastful = score(sure_of(answers, confidence=1.0), labels)
    assert honest.calibration_error == pytest.approx(0, abs=1e-6)
    assert boastful.calibration_error == pytest.approx(0.3)


@pytest.mark.parametrize("outputs", [[-3.0, -2.0, -9.0], [50.0, 60.0, 1.0], [0.3, 0.9, 0.4]])
def test_outputs_that_are_not_probabilities_have_an_accuracy_and_no_calibration_error(
    outputs: list[float],
) -> None:
    rows = np.array([outputs] * 4, np.float32)
    scores = score(rows, np.array([1, 1, 1, 0], np.uint8))
    assert (scores.accuracy, scores.calibration_error) == (0.75, None)
    labels = np.zeros(4, np.uint8)
    assert compare(rows, sure_of([0] * 4), labels).largest_gap is None
    assert not are_probabilities(rows)


def test_rounded_probabilities_of_many_classes_are_still_probabilities() -> None:
    many = np.full((1, 200), np.float32(1 / 200))
    assert are_probabilities(np.round(many * 256) / np.float32(256))


def test_a_face_whose_outputs_are_not_finite_counts_as_wrong() -> None:
    rows = sure_of([0, 0, 1, 1])
    rows[0, 1], rows[2, 2] = np.nan, np.inf
    labels = np.array([0, 0, 1, 1], np.uint8)
    scores = score(rows, labels)
    assert scores.confusion == ((1, 0, 0), (0, 1, 0), (0, 0, 0))
    assert (scores.accuracy, scores.top3_accuracy, scores.recall) == (0.5, 0.5, (0.5, 0.5, 0.0))
    assert scores.calibration_error is None
    assert compare(rows, rows, labels).top1 == 0.5


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [
        (sure_of([0, 1]), np.array([0], np.uint8)),
        (sure_of([0, 1]), np.array([0, 3], np.uint8)),
        (sure_of([]), np.array([], np.uint8)),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8]
) -> None:
    with pytest.raises(DatasetError, match="do not fit"):
        score(probabilities, labels)


def test_a_comparison_counts_what_was_fixed_and_what_was_broken() -> None:
    reference = sure_of([0, 0, 0, 1, 1, 2])  # right on 0 1 2 4, wrong on 3 5
    candidate = sure_of([0, 0, 2, 0, 1, 1], confidence=0.8)  # fixes 3 and 5, breaks 2
    agreement = compare(candidate, reference, LABELS)
    assert (agreement.n, agreement.fixed, agreement.broken) == (6, 2, 1)
    assert agreement.top1 == pytest.approx(3 / 6)
    assert agreement.difference == pytest.approx(1 / 6)
    # with one more fixed and one more broken face: 3 and 2 of 8
    spread = 1.96 * np.sqrt(5 - 1 / 8) / 8
    assert agreement.interval == pytest.approx((1 / 8 - spread, 1 / 8 + spread))
    assert agreement.largest_gap == pytest.approx(0.9)


def test_a_model_agrees_with_itself() -> None:
    same = sure_of([0, 1, 2, 0, 1, 2])
    agreement = compare(same, same, LABELS)
    assert (agreement.top1, agreement.difference, agreement.largest_gap) == (1.0, 0.0, 0.0)
    low, high = agreement.interval
    assert -high == low < 0  # six faces do not prove that the models are equal


@pytest.mark.parametrize(
    ("n", "fixed", "is_certain"),
    # p of McNemar's exact test: 1, 0.25, 0.25, 0.125, 0.06, 0.03
    [
        (1, 1, False),
        (3, 3, False),
        (10, 3, False),
        (3589, 4, False),
        (3589, 5, False),
        (3589, 6, True),
    ],
)
def test_a_few_fixed_faces_may_be_chance(n: int, fixed: int, is_certain: bool) -> None:
    low, high = paired_interval(n, fixed, 0)
    assert (low > 0) == is_certain
    assert high > fixed / n or high == 1


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_an_interval_contains_its_difference_and_stays_in_range(n: int) -> None:
    for fixed in range(n + 1):
        for broken in range(n - fixed + 1):
            low, high = paired_interval(n, fixed, broken)
            assert -1 <= low < (fixed - broken) / n <= high <= 1 or (low, fixed) == (-1, 0)
            assert (-high, -low) == pytest.approx(paired_interval(n, broken, fixed))


@pytest.mark.parametrize(
    ("n", "fixed_share", "broken_share"), [(30, 0.05, 0.05), (100, 0.04, 0.01), (200, 0.015, 0.005)]
)
def test_paired_intervals_hold_the_truth_as_often_as_they_say(
    n: int, fixed_share: float, broken_share: float
) -> None:
    random = np.random.default_rng(3)
    shares = [fixed_share, broken_share, 1 - fixed_share - broken_share]
    intervals = [paired_interval(n, *pair) for pair in random.multinomial(n, shares, 2000)[:, :2]]
    held = sum(low <= fixed_share - broken_share <= high for low, high in intervals)
    assert held / 2000 > 0.94


@pytest.mark.parametrize(
    ("candidate", "reference", "labels"),
    [
        (sure_of([0, 1]), sure_of([0]), [0, 1]),
        (sure_of([0, 1]), sure_of([0, 1], classes=4), [0, 1]),
        (sure_of([0, 1]), sure_of([0, 1]), [0]),
        (sure_of([]), sure_of([]), []),
    ],
)
def test_what_cannot_be_compared_is_refused(
    candidate: NDArray[np.float32], reference: NDArray[np.float32], labels: list[int]
) -> None:
    with pytest.raises(DatasetError, match="cannot compare"):
        compare(candidate, reference, np.array(labels, np.uint8))
