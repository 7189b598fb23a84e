import dataclasses

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import RecipeError
from fer_edge.faces.labels import FERPLUS
from fer_edge.training.loop.lessons import plan_lessons
from fer_edge.training.recipes.recipe import Loss, Recipe
from fer_edge.training.targets.outliers import MADE, REPEATS, outliers
from fer_edge.training.targets.targets import training_faces
from tests.support.cartoons import make_faces


def with_rejected(count):
    """Return faces; all votes for the first `count` training faces are "not a face"."""
    faces = make_faces(per_class=6, validation_per_class=2)
    votes = np.zeros((len(faces), 10), np.uint8)
    votes[:, 0] = 10
    rows = np.flatnonzero(faces.split == 0)[:count]
    votes[rows] = 0
    votes[rows, FERPLUS.index("not a face")] = 10
    return dataclasses.replace(faces, votes=votes)


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("shape", [(48, 48), (8, 8), (33, 47)])
def test_made_pictures_have_the_size_of_the_faces_and_differ(kind, shape):
    random = np.random.default_rng(0)
    face = random.integers(0, 256, shape, np.uint8)
    made = [MADE[kind](face, random) for _ in range(20)]
    assert {(picture.shape, picture.dtype) for picture in made} == {(shape, np.dtype(np.uint8))}
    assert len({picture.tobytes() for picture in made}) > 10


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5)])
def test_faces_of_a_few_pixels_break_no_kind(kind, shape):
    random = np.random.default_rng(0)
    made = [MADE[kind](np.full(shape, 9, np.uint8), random) for _ in range(20)]
    assert {picture.shape for picture in made} == {shape}


def test_rejected_pictures_are_at_most_half_and_the_rest_is_made():
    faces = with_rejected(3)
    rejected = faces.part("train").images[:3]
    pictures = outliers(faces, 100, rejected=True, seed=0)
    repeats = [(pictures == picture).all(axis=(1, 2)).sum() for picture in rejected]
    assert pictures.shape == (100, *faces.images.shape[1:])
    assert repeats == [REPEATS] * 3
    few = outliers(faces, 10, rejected=True, seed=0)
    assert np.isin(few.reshape(10, -1), rejected.reshape(3, -1)).all(axis=1).sum() >= 4


@pytest.mark.parametrize("rejected", [True, False])
def test_the_other_splits_are_not_used(rejected):
    faces = with_rejected(2)
    images = faces.images.copy()
    images[faces.split != 0] = 0
    blank = dataclasses.replace(faces, images=images, twins=None)
    pictures = [outliers(each, 60, rejected=rejected, seed=3) for each in (faces, blank)]
    np.testing.assert_array_equal(*pictures)


def test_outliers_follow_the_faces_with_an_even_target_and_weight_one():
    faces = with_rejected(4)
    recipe = Recipe(outlier_share=0.5, drop_non_faces=True, class_weights="balanced")
    train = training_faces(faces, without_non_faces=True)
    lessons = plan_lessons(recipe, faces, train, teachers=())
    count = len(train)
    np.testing.assert_array_equal(lessons.pictures[:count], train.images)
    np.testing.assert_array_equal(lessons.targets[:count], np.eye(7)[train.labels])
    assert len(lessons.pictures) == len(lessons.weights) == count + round(count / 2)
    np.testing.assert_allclose(lessons.targets[count:], 1 / 7)
    assert (lessons.weights[count:] == 1).all()


def test_teachers_that_would_label_outliers_are_refused():
    for views in ("clean", "repeated"):
        Recipe(outlier_share=0.1, teachers=("compact",), loss=Loss(teacher_views=views))
    with pytest.raises(RecipeError, match=r"expected repeated or clean with outlier_share"):
        Recipe(outlier_share=0.1, teachers=("compact",))
