"""Architectures and augmentation, on both Keras versions."""

import inspect
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import plugins
from fer_edge.faces.preprocess import model_inputs
from fer_edge.training.architectures import FourBlock, find_architecture
from fer_edge.training.loop.augmentation import DRAWS, augment
from fer_edge.training.loop.resident import ResidentFaces, epoch_inputs, training_model
from fer_edge.training.recipes.recipe import Augmentation, Loss, load_recipe
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train
FACES = make_faces(per_class=3, validation_per_class=0).images
REAL = FACES[..., np.newaxis].astype(np.float32) / 255
PAGE = Path(__file__).resolve().parents[3] / "docs/explanation/architectures.md"
ROWS = re.findall(
    r"^\| ([^|]+) \| [^|]+ \| ([\d,; ]+) \|",
    PAGE.read_text("utf-8").partition("## What each recipe trains")[2].partition("\n## ")[0],
    re.MULTILINE,
)
"""Names of recipes and their numbers of parameters, as the page has them."""


def changed(settings, draws):
    padded = [*draws, *[0.5] * (DRAWS - len(draws))]
    rows = np.broadcast_to(np.asarray(padded, np.float32), (len(REAL), DRAWS))
    return np.asarray(augment(REAL, rows, settings))


@pytest.mark.parametrize("name", plugins.own_names(plugins.ARCHITECTURES))
def test_weights_go_from_keras_3_to_tf_keras_by_order(name):
    import tf_keras

    recipe = load_recipe(name)
    ours, theirs = (
        recipe.network.build(module, size_px=recipe.size_px, classes=7)
        for module in (keras, tf_keras)
    )
    theirs.set_weights(ours.get_weights())
    faces = model_inputs(FACES, recipe.size_px, recipe.size_px) / np.float32(255)
    np.testing.assert_allclose(
        ours.predict(faces, verbose=0), theirs.predict(faces, verbose=0), atol=1e-5
    )


@cache
def parameters(network, size_px):
    return network.build(keras, size_px=size_px, classes=7).count_params()


@pytest.mark.parametrize("name", plugins.own_names(plugins.ARCHITECTURES))
def test_an_architecture_has_the_parameters_that_its_text_says(name):
    recipe = load_recipe(name)
    count = parameters(recipe.network, recipe.size_px)
    assert f"{count:,}" in inspect.getmodule(find_architecture(name)).__doc__


@pytest.mark.parametrize(("names", "counts"), ROWS)
def test_a_recipe_has_the_parameters_that_the_page_says(names, counts):
    recipes = [load_recipe(name) for name in re.findall(r"`([^`]+)`", names)]
    found = dict.fromkeys(f"{parameters(r.network, r.size_px):,}" for r in recipes)
    assert list(found) == counts.strip().split("; ")


def test_the_page_has_every_architecture():
    recipes = [load_recipe(name) for names, _ in ROWS for name in re.findall(r"`([^`]+)`", names)]
    assert {recipe.architecture for recipe in recipes} == {
        *plugins.own_names(plugins.ARCHITECTURES)
    }


def test_without_settings_faces_stay_as_they_are():
    np.testing.assert_array_equal(changed(Augmentation(), [0.9] * DRAWS), REAL)


def test_draws_in_the_middle_change_nothing():
    settings = Augmentation(20, 0.2, 0.2, False, 0.2, 0.2)
    np.testing.assert_allclose(changed(settings, [0.5] * DRAWS), REAL, atol=1e-4)


def test_flip_mirrors_left_and_right():
    flipped = changed(Augmentation(flip=True), [0.5, 0.5, 0.5, 0.5, 0.1, 0.5, 0.5])
    np.testing.assert_allclose(flipped, REAL[:, :, ::-1], atol=1e-4)


def test_shift_moves_by_a_share_of_the_side():
    moved = changed(Augmentation(shift=0.25), [0.5, 1.0, 0.5, 0.5, 0.9, 0.5, 0.5])
    np.testing.assert_allclose(moved[:, :, :36], REAL[:, :, 12:], atol=1e-4)


def test_a_quarter_turn_is_numpys():
    turned = changed(Augmentation(rotation_degrees=90), [1.0, 0.5, 0.5, 0.5, 0.9, 0.5, 0.5])
    candidates = [np.rot90(REAL, k, axes=(1, 2)) for k in (1, 3)]
    assert any(np.allclose(turned, other, atol=1e-3) for other in candidates)


def test_brightness_and_contrast_stay_in_range():
    settings = Augmentation(brightness=0.5, contrast=0.5)
    for draw in (0.0, 0.999):
        result = changed(settings, [draw] * DRAWS)
        assert result.min() >= 0 and result.max() <= 1
        assert not np.allclose(result, REAL)


def test_resident_faces_give_the_model_input_and_change_it_only_in_training():
    layer = ResidentFaces(FACES, Augmentation(rotation_degrees=20), seed=0)
    rows = np.array([3, 0, 5], np.int32)
    np.testing.assert_allclose(np.asarray(layer({"row": rows})), REAL[rows], atol=1e-7)
    changed = np.asarray(layer({"row": rows}, training=True))
    assert not np.allclose(changed, REAL[rows], atol=1e-2)


def test_the_training_model_is_the_network_behind_the_faces():
    keras.utils.set_random_seed(0)  # two graphs round differently, by up to 8e-7 for random weights
    network = FourBlock().build(keras, size_px=48, classes=7)
    plain = Augmentation()
    model = training_model(network, ResidentFaces(FACES, plain, seed=0), plain, Loss())
    rows = np.arange(len(FACES), dtype=np.int32)
    np.testing.assert_allclose(
        model.predict({"row": rows}, verbose=0), network.predict(REAL, verbose=0), atol=1e-6
    )


def test_erasing_grays_a_rectangle_of_the_chosen_faces_only():
    settings = Augmentation(erase=0.5)
    draws = [0.5] * 7 + [0.4, 0.0, 1.0, 0.0, 1.0]
    erased = changed(settings, draws) != REAL
    rows, columns = np.nonzero(erased.any(axis=(0, 3)))
    assert rows.max() <= 5 and columns.min() >= 28  # at the top right, 1/10 high and 2/5 wide
    assert changed(settings, [*draws[:7], 0.6, *draws[8:]]).tolist() == REAL.tolist()


def test_mixup_blends_faces_as_it_blends_their_targets():
    settings = Augmentation(mixup=0.4)
    targets = np.eye(len(FACES), dtype=np.float32)
    order = np.random.default_rng(0).permutation(len(FACES))
    weights = np.full(len(FACES), 2, np.float32)
    inputs, wanted, weight = epoch_inputs(
        order, targets, weights, settings, np.random.default_rng(1)
    )
    layer = ResidentFaces(FACES, settings, seed=0)
    blended = np.asarray(layer(inputs, training=True))
    np.testing.assert_allclose(blended, np.tensordot(wanted, REAL, axes=1), atol=1e-5)
    np.testing.assert_allclose(wanted.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(weight, 2, atol=1e-6)
    assert (inputs["share"] < 0.99).any()


def test_in_a_mixture_each_face_keeps_its_class_weight():
    classes = np.repeat([0, 1, 2], [800, 150, 50])
    targets = np.eye(3, dtype=np.float32)[classes]
    weights = (len(classes) / (3 * np.bincount(classes)))[classes].astype(np.float32)
    order, given = np.arange(len(classes)), np.zeros(3)
    for seed in range(20):
        random = np.random.default_rng(seed)
        _, wanted, weight = epoch_inputs(order, targets, weights, Augmentation(mixup=0.4), random)
        np.testing.assert_allclose(wanted.sum(axis=1), 1, atol=1e-5)
        given += (weight[:, np.newaxis] * wanted).sum(axis=0) / 20
    np.testing.assert_allclose(given, len(classes) / 3, rtol=0.05)  # balanced


def test_an_epoch_without_mixup_is_its_order():
    order, weights = np.array([2, 0, 1]), np.array([1, 2, 3])
    inputs, wanted, weight = epoch_inputs(
        order, np.eye(3), weights, Augmentation(), np.random.default_rng()
    )
    assert inputs["row"].tolist() == [2, 0, 1]
    assert weight.tolist() == [3, 1, 2]
    np.testing.assert_array_equal(wanted, np.eye(3)[order])


def test_darkening_takes_light_from_every_other_face():
    settings, light = Augmentation(darken=0.8), [0.5] * 12
    assert changed(settings, [*light, 0.4]).tolist() == REAL.tolist()
    np.testing.assert_allclose(changed(settings, [*light, 0.75]), 0.6 * REAL, atol=1e-6)


def test_blur_halves_the_resolution_of_the_chosen_faces_only():
    settings, before = Augmentation(blur=0.3), [0.5] * 13
    assert changed(settings, [*before, 0.3]).tolist() == REAL.tolist()
    blurred = changed(settings, [*before, 0.2])
    blocks = REAL.reshape(len(REAL), 24, 2, 24, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(
        blurred.reshape(len(REAL), 24, 2, 24, 2).mean(axis=(2, 4))[:, 1:-1, 1:-1],
        doubled_and_averaged(blocks)[:, 1:-1, 1:-1],
        atol=1e-4,
    )


def doubled_and_averaged(blocks):
    """Return each block's mean after bilinear upsampling of the blocks by two."""
    padded = np.pad(blocks, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = (padded[:, :-2] + 6 * padded[:, 1:-1] + padded[:, 2:]) / 8
    return (rows[:, :, :-2] + 6 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 8


def test_noise_has_the_deviation_that_was_asked_for_on_every_other_face():
    settings, before = Augmentation(noise=0.1), [0.5] * 14
    assert changed(settings, [*before, 0.4, 0.1, 0.7]).tolist() == REAL.tolist()
    added = changed(settings, [*before, 0.75, 0.1, 0.7]) - REAL
    inner = added[(REAL > 0.2) & (REAL < 0.8)]  # other values may be clipped
    assert inner.std() == pytest.approx(0.05, rel=0.1)
    assert abs(inner.mean()) < 0.005
    other = changed(settings, [*before, 0.75, 0.2, 0.9]) - REAL
    assert abs(np.corrcoef(added.ravel(), other.ravel())[0, 1]) < 0.2
