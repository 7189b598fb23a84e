from dataclasses import replace

import numpy as np
import pytest

from fer_edge.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.errors import DatasetError
from fer_edge.evaluation import card_score, describe, served_probabilities
from fer_edge.faces import model_input
from fer_edge.faceset import FaceSet
from fer_edge.interpreter import open_model
from fer_edge.scores import score
from tests.conftest import make_faces


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
        # every pixel four times, averaged over four: the same faces
        assert np.array_equal(
            served_probabilities(model, large), served_probabilities(model, small)
        )


def test_faces_of_other_classes_are_refused() -> None:
    faces = make_faces(1, 1, names=("sad", "happy"))
    with (
        open_model(bundled_models()[DEFAULT_MODEL]) as model,
        pytest.raises(DatasetError, match=r"\(sad, happy\) are not those of four-block"),
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
    text = describe(score(probabilities, faces.labels), ("a", "b"))
    assert "accuracy 75.00%" in text
    assert "a 50.0%  b 100.0%" in text
