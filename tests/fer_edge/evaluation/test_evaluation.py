from dataclasses import replace

import numpy as np
import pytest

from fer_edge.errors import DatasetError
from fer_edge.evaluation.evaluation import (
    card_score,
    describe_evaluation,
    evaluate,
    served_probabilities,
)
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013, FERPLUS
from fer_edge.faces.preprocess import model_input
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from tests.support.cartoons import make_faces


def test_a_set_is_served_face_by_face() -> None:
    faces = make_faces(1, 1)
    with open_model(bundled_models()[DEFAULT_MODEL]) as model:
        served = served_probabilities(model, faces)
        assert served.shape == (14, 7)
        for image, row in zip(faces.images, served, strict=True):
            assert np.array_equal(row, model.probabilities(model_input(image, *model.input_size)))


def test_faces_of_another_size_are_served_too() -> None:
    small = make_faces(1, 1)
    images = small.images.repeat(2, axis=1).repeat(2, axis=2)
    large = FaceSet(images, small.labels, small.split, small.class_names)
    with open_model(bundled_models()[DEFAULT_MODEL]) as model:
        # each pixel is repeated 2x2 times, then averaged again: the faces are equal
        assert np.array_equal(
            served_probabilities(model, large), served_probabilities(model, small)
        )


def test_faces_of_other_classes_are_refused() -> None:
    faces = make_faces(1, 1, names=("sad", "happy"))
    with (
        open_model(bundled_models()[DEFAULT_MODEL]) as model,
        pytest.raises(DatasetError, match=r"\(sad, happy\) differ from those of compact"),
    ):
        served_probabilities(model, faces)


def test_a_card_score_leaves_the_duplicates_out() -> None:
    faces = make_faces(1, 2, names=("a", "b")).part("validation")
    probabilities = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], np.float32)
    some = replace(faces, twins=np.array([True, False, False, False]))
    got = card_score("served", probabilities, some)
    assert (got.split, got.n, got.n_without_duplicates) == ("validation", 4, 3)
    assert got.accuracy == pytest.approx(3 / 4)
    assert got.accuracy_without_duplicates == pytest.approx(2 / 3)
    only = card_score("served", probabilities, replace(faces, twins=np.ones(4, bool)))
    assert only.n_without_duplicates == 0
    text = describe_evaluation(evaluate("served", probabilities, some))
    lines = [line.split() for line in text.splitlines()]
    assert lines[1][:4] == ["every", "face", "4", "75.00%"]
    assert lines[2][:4] == ["without", "duplicates", "3", "66.67%"]
    assert lines[3] == ["recall:", "a", "50.0%", "b", "100.0%"]
    of_one = evaluate("served", probabilities[:2], faces.select(np.arange(2)))
    assert describe_evaluation(of_one).endswith("recall: a 50.0%  b -")


def test_votes_bring_a_second_truth_and_a_mask_of_non_faces() -> None:
    """Use the labels angry, angry, disgust, disgust, fear, fear; predict fear for all faces."""
    faces = make_faces(0, 2).select(np.arange(6))
    probabilities = np.tile(np.eye(7, dtype=np.float32)[2], (6, 1))
    said = ["fear", "contempt", "fear", "not a face", "sadness", None]
    votes = np.zeros((6, 10), np.uint8)
    for row, name in enumerate(said):
        if name:
            votes[row, FERPLUS.index(name)] = 9
    got = evaluate("float", probabilities, replace(faces, votes=votes))
    assert got.every_face.accuracy == pytest.approx(2 / 6)
    assert got.without_non_faces is not None
    assert (got.without_non_faces.n, got.without_non_faces.accuracy) == (5, pytest.approx(2 / 5))
    # rows with contempt, "not a face" or no votes have none of the seven classes
    assert got.ferplus is not None
    assert (got.ferplus.n, got.ferplus.accuracy) == (3, pytest.approx(2 / 3))
    assert got.ferplus.recall[FER2013.index("sad")] == 0
    card = card_score("float", probabilities, replace(faces, votes=votes))
    assert (card.ferplus_n, card.ferplus_accuracy) == (3, pytest.approx(2 / 3))
    assert "FER+ majority" in describe_evaluation(got)


def test_votes_that_say_nothing_of_a_set_bring_no_score() -> None:
    faces = make_faces(0, 2, names=("awake", "asleep"))
    probabilities = np.full((4, 2), 0.5, np.float32)
    votes = np.zeros((4, 10), np.uint8)
    for none in (None, votes):
        got = evaluate("float", probabilities, replace(faces, votes=none))
        assert got.ferplus is got.without_non_faces is None
    votes[:, 0] = 9
    assert evaluate("float", probabilities, replace(faces, votes=votes)).ferplus is None
