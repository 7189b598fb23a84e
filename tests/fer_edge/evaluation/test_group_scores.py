"""Scores of groups of faces."""

import numpy as np
import pytest

from fer_edge.evaluation.evaluation import evaluate
from fer_edge.evaluation.group_scores import score_groups, wilson
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.groups import Grouping

LABELS = np.array([0, 0, 1, 1, 0, 1], np.uint8)
PROBABILITIES = np.array(
    [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8], [0.4, 0.6]], np.float32
)
AGE = Grouping("age", ("old", "young", "nobody"), np.array([0, 0, 0, 1, 1, -1]))


def test_each_group_has_its_own_scores_and_one_without_faces_has_none() -> None:
    old, young = score_groups(PROBABILITIES, LABELS, [AGE])
    assert (old.grouping, old.group, old.n, old.accuracy) == ("age", "old", 3, 1.0)
    assert (young.group, young.n, young.accuracy) == ("young", 2, 0.0)
    assert old.recall == (1.0, 1.0)
    assert old.overconfidence == pytest.approx(0.8 - 1.0)
    assert young.overconfidence == pytest.approx(0.7)


def test_a_class_that_a_group_lacks_has_no_recall() -> None:
    only = Grouping("age", ("old",), np.array([0, 0, -1, -1, -1, -1]))
    (old,) = score_groups(PROBABILITIES, LABELS, [only])
    assert old.recall == (1.0, None)
    assert old.recall_intervals[1] is None


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    # as in statsmodels.stats.proportion.proportion_confint(method="wilson")
    [(8, 10, (0.4901625, 0.9433178)), (0, 5, (0.0, 0.4344825)), (5, 5, (0.5655175, 1.0))],
)
def test_wilsons_interval(hits: int, n: int, expected: tuple[float, float]) -> None:
    assert wilson(hits, n) == pytest.approx(expected, abs=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    held = {"accuracy": 0, "overconfidence": 0}
    for _ in range(400):
        sure = random.uniform(0.5, 1, 80)
        right = random.uniform(size=80) < sure - 0.1  # overconfident by ten points
        probabilities = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
        everybody = Grouping("all", ("all",), np.zeros(80, np.int64))
        (scores,) = score_groups(probabilities, (~right).astype(np.uint8), [everybody])
        held["accuracy"] += scores.accuracy_interval[0] <= 0.65 <= scores.accuracy_interval[1]
        low, high = scores.overconfidence_interval
        held["overconfidence"] += low <= 0.1 <= high
    assert all(0.91 < count / 400 < 0.99 for count in held.values()), held


@pytest.mark.parametrize(("n", "least"), [(10, 0.88), (30, 0.92)])
def test_few_faces_of_a_sure_model_widen_the_interval_of_its_overconfidence(
    n: int, least: float
) -> None:
    random = np.random.default_rng(7)
    everybody = Grouping("all", ("all",), np.zeros(n, np.int64))
    held = 0
    for _ in range(600):
        sure = np.maximum(random.beta(20, 1, n), 0.5)  # 95% on average, and calibrated
        right = random.uniform(size=n) < sure
        probabilities = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
        (scores,) = score_groups(probabilities, (~right).astype(np.uint8), [everybody])
        low, high = scores.overconfidence_interval
        held += low <= 0 <= high
    assert held / 600 > least


def test_too_few_faces_have_an_overconfidence_without_an_interval() -> None:
    old, young = score_groups(PROBABILITIES, LABELS, [AGE])
    assert old.overconfidence_interval is young.overconfidence_interval is None


def test_groups_follow_the_faces_into_a_part() -> None:
    split = np.array([0, 1, 1, 1, 1, 1], np.uint8)
    images = np.arange(6 * 64, dtype=np.uint8).reshape(6, 8, 8)
    faces = FaceSet(images, LABELS, split, ("sad", "happy"), groups=(AGE,))
    part = faces.part("validation")
    found = evaluate("served", PROBABILITIES[1:], part).groups
    assert [(item.group, item.n) for item in found] == [("old", 2), ("young", 2)]
