"""Augmented views that come again: their targets, and that teachers see each of them once."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.architectures.residual import Tiny
from fer_edge.training.backend.precision import learning_copy
from fer_edge.training.loop.fitting import fit_epoch
from fer_edge.training.loop.float_stage import build_training
from fer_edge.training.loop.lessons import plan_lessons
from fer_edge.training.loop.repeated_views import RepeatedViews
from fer_edge.training.recipes.recipe import Augmentation, Loss, Recipe
from fer_edge.training.targets.targets import training_faces
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train

SMALL = Tiny(stem=4, widths=(8, 12), blocks=(2, 1))
RECIPE = Recipe(
    architecture="tiny",
    network=SMALL,
    batch_size=8,
    outlier_share=0.25,
    teachers=("a", "b"),
    augmentation=Augmentation(rotation_degrees=10.0, noise=0.1, flip=True),
    loss=Loss(teacher_share=0.75, teacher_views="repeated", repeated_views=2),
)


@pytest.fixture(scope="module")
def teachers():
    """Two random networks with different inputs."""
    return [SMALL.build(keras, size_px=size, classes=7) for size in (48, 32)]


def prepared(recipe, teachers):
    """Return the model of a training, its lessons and views."""
    faces = make_faces(per_class=4)
    train = training_faces(faces)
    lessons = plan_lessons(recipe, faces, train, teachers)
    network = SMALL.build(keras, size_px=48, classes=7)
    model = build_training(recipe, learning_copy(network, "float32"), train, lessons)
    return model, lessons, RepeatedViews(model.get_layer("resident_faces"), lessons, recipe.loss)


def asked(model, teachers, inputs):
    """Return the mean of the teachers for the faces that the model sees with these inputs."""
    seen = np.asarray(model.get_layer("resident_faces")(inputs, training=True))
    small = keras.ops.image.resize(seen, (32, 32), data_format="channels_last")
    return (np.asarray(teachers[0](seen)) + np.asarray(teachers[1](small))) / 2


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_targets_are_the_teachers_answers_for_what_the_student_sees(teachers, mixup):
    changed = dataclasses.replace(RECIPE.augmentation, mixup=mixup)
    model, lessons, views = prepared(dataclasses.replace(RECIPE, augmentation=changed), teachers)
    order = np.random.default_rng(0).permutation(len(lessons.targets))
    inputs, wanted, weights = views.pass_inputs(0, order)
    assert inputs["row"].tolist() == order.tolist()
    shares = inputs.get("share", np.ones(len(order)))[:, np.newaxis]
    others = inputs.get("other", order)
    label = shares * lessons.targets[order] + (1 - shares) * lessons.targets[others]
    is_face = (order < lessons.face_count) & (others < lessons.face_count)
    taught = 0.25 * label + 0.75 * asked(model, teachers, inputs)
    np.testing.assert_allclose(wanted[is_face], taught[is_face], atol=1e-5)
    np.testing.assert_allclose(wanted[~is_face], label[~is_face], atol=1e-6)
    assert 0 < is_face.sum() < len(order)
    assert (weights == 1).all()


def test_views_come_again_and_are_shown_to_the_teachers_once(teachers, monkeypatch):
    _, lessons, views = prepared(RECIPE, teachers)
    calls = []
    ask = views._asked
    monkeypatch.setattr(views, "_asked", lambda inputs: calls.append(1) or ask(inputs))
    order = np.arange(len(lessons.targets))
    first, second, third = (views.pass_inputs(number, order) for number in range(3))
    assert len(calls) == 2
    np.testing.assert_array_equal(first[0]["draws"], third[0]["draws"])
    np.testing.assert_array_equal(first[1], third[1])
    assert (first[0]["draws"] != second[0]["draws"]).any()
    assert (first[1] != second[1]).any()


def test_an_epoch_of_several_passes_shows_every_picture_as_often(teachers):
    recipe = dataclasses.replace(RECIPE, passes=3)
    model, lessons, views = prepared(recipe, teachers)
    before = int(model.optimizer.iterations.numpy())
    fitted = fit_epoch(model, lessons, 1, None, views)
    steps = -(-3 * len(lessons.targets) // recipe.batch_size)
    assert int(model.optimizer.iterations.numpy()) - before == steps
    assert set(fitted) == {"loss", "accuracy", "top3"}
    assert len(views._answers) == 2  # the third pass repeats the first view
