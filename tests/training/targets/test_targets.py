import dataclasses

import numpy as np
import pytest

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013, FERPLUS
from fer_edge.training.recipes.recipe import Loss
from fer_edge.training.targets.targets import class_weights, soft_targets, training_faces
from tests.support.cartoons import make_faces


def voted(votes):
    """Return two training faces, angry and disgust, with votes as {FER+ name: count}."""
    faces = make_faces(per_class=1, validation_per_class=1)
    rows = np.flatnonzero(faces.split == 0)[:2]
    table = np.array([[row.get(name, 0) for name in FERPLUS] for row in votes], np.uint8)
    return FaceSet(faces.images[rows], faces.labels[rows], faces.split[rows], FER2013, table)


def share(value):
    return Loss(vote_share=value)


def test_targets_are_the_labels_unless_votes_are_asked_for():
    faces = make_faces(validation_per_class=0)
    np.testing.assert_array_equal(soft_targets(Loss(), faces), np.eye(7)[faces.labels])


def test_votes_take_their_share_of_the_target():
    faces = voted([{"anger": 3, "neutral": 1}, {"sadness": 2}])
    targets = soft_targets(share(0.5), faces)
    np.testing.assert_allclose(targets[0], [0.5 + 0.375, 0, 0, 0, 0, 0, 0.125])
    np.testing.assert_allclose(targets[1], [0, 0.5, 0, 0, 0.5, 0, 0])


def test_votes_can_stand_for_the_labels_that_such_votes_have():
    """Faces with all votes for neutral, half of them labeled sad: votes mean 50% sad."""
    faces = make_faces(per_class=40, validation_per_class=0)
    votes = np.zeros((len(faces), 10), np.uint8)
    votes[np.arange(len(faces)), faces.labels] = 10  # one column for each class
    sad, neutral = (faces.labels == FER2013.index(name) for name in ("sad", "neutral"))
    votes[sad] = votes[neutral]
    votes[0] = 0  # a face without votes
    loss = Loss(vote_share=0.5, vote_meaning="labels")
    targets = soft_targets(loss, dataclasses.replace(faces, votes=votes))
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(targets[0], np.eye(7)[faces.labels[0]])
    np.testing.assert_allclose(targets[sad][:, FER2013.index("sad")], 0.75, atol=0.01)
    np.testing.assert_allclose(targets[sad][:, FER2013.index("neutral")], 0.25, atol=0.01)
    happy = faces.labels == FER2013.index("happy")
    assert (targets[happy][:, FER2013.index("happy")] > 0.98).all()


def test_a_face_without_usable_votes_keeps_its_label():
    faces = voted([{}, {"contempt": 9, "unknown": 1}])
    np.testing.assert_array_equal(soft_targets(share(1.0), faces), np.eye(7)[faces.labels])


def test_what_most_taggers_called_no_face_is_left_out():
    faces = voted([{"not a face": 6, "anger": 4}, {"unknown": 5, "fear": 5}])
    kept = training_faces(faces, without_non_faces=True)
    assert kept.labels.tolist() == [1]


def test_leaving_out_everything_is_refused():
    faces = voted([{"not a face": 9}, {"not a face": 9}])
    with pytest.raises(TrainingError, match="no training face"):
        training_faces(faces, without_non_faces=True)


@pytest.mark.parametrize("without_non_faces", [False, True])
def test_votes_that_are_not_there_are_one_clear_error(without_non_faces):
    faces = make_faces()
    with pytest.raises(RecipeError, match="FER\\+ votes"):
        soft_targets(share(0.5), training_faces(faces, without_non_faces=without_non_faces))


def test_votes_for_other_classes_are_refused():
    faces = make_faces(names=("awake", "tired"))
    with pytest.raises(RecipeError, match="'awake'"):
        soft_targets(share(0.5), faces)


@pytest.mark.parametrize("kind", ["none", "balanced", "sqrt"])
def test_a_class_without_training_faces_changes_no_weight_of_the_others(kind):
    labels = np.array([0] * 6 + [2] * 2, np.uint8)
    weights = class_weights(labels, 3, kind)
    assert np.isfinite(weights).all()
    assert weights[labels].mean() == pytest.approx(1)
    np.testing.assert_allclose(
        weights[[0, 2]], class_weights(np.minimum(labels, 1), 2, kind), rtol=1e-6
    )


def test_votes_make_targets_of_ferplus_classes_too():
    faces = voted([{"contempt": 3, "neutral": 1}, {"happiness": 2}])
    faces = FaceSet(faces.images, np.array([7, 1], np.uint8), faces.split, FERPLUS[:8], faces.votes)
    targets = soft_targets(share(1.0), faces)
    np.testing.assert_allclose(targets[0], [0.25, 0, 0, 0, 0, 0, 0, 0.75])
    np.testing.assert_allclose(targets[1], np.eye(8)[1])


def test_class_weights_lift_the_rare_class_and_keep_the_mean_at_one():
    labels = np.array([0] * 90 + [1] * 10, np.uint8)
    balanced, mild = (class_weights(labels, 2, kind) for kind in ("balanced", "sqrt"))
    assert balanced[1] / balanced[0] == pytest.approx(9)
    assert mild[1] / mild[0] == pytest.approx(3)
    for weights in (balanced, mild, class_weights(labels, 2, "none")):
        assert weights[labels].mean() == pytest.approx(1)


def test_a_number_of_training_faces_is_drawn_at_random_and_repeatably(faces):
    drawn = training_faces(faces, count=20)
    assert len(drawn) == 20
    assert set(drawn.split) == {0}
    assert len(np.unique(drawn.labels)) > 3  # the set is sorted by class
    again = training_faces(faces, count=20)
    np.testing.assert_array_equal(drawn.images, again.images)
    assert len(training_faces(faces, count=10_000)) == (faces.split == 0).sum()
