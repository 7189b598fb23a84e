"""Architectures and augmentation, on both Keras versions."""

import inspect

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.architectures import ARCHITECTURES, build
from fer_edge.training.augmentation import DRAWS, augment
from fer_edge.training.fit import class_weights
from fer_edge.training.recipe import Augmentation
from fer_edge.training.resident import ResidentFaces, training_model
from tests.conftest import make_faces

pytestmark = pytest.mark.train
FACES = make_faces(per_class=3, validation_per_class=0).images
REAL = FACES[..., np.newaxis].astype(np.float32) / 255


def changed(settings, draws):
    rows = np.broadcast_to(np.asarray(draws, np.float32), (len(REAL), DRAWS))
    return np.asarray(augment(REAL, rows, settings))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_go_from_keras_3_to_tf_keras_by_order(name):
    import tf_keras

    ours = build(name, keras, size_px=48, classes=7)
    theirs = build(name, tf_keras, size_px=48, classes=7)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(
        ours.predict(REAL, verbose=0), theirs.predict(REAL, verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_has_the_parameters_that_its_text_says(name):
    network = build(name, keras, size_px=48, classes=7)
    assert f"{network.count_params():,}" in inspect.getmodule(ARCHITECTURES[name]).__doc__


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
    np.testing.assert_allclose(np.asarray(layer(rows)), REAL[rows], atol=1e-7)
    assert not np.allclose(np.asarray(layer(rows, training=True)), REAL[rows], atol=1e-2)


def test_the_training_model_is_the_network_behind_the_faces():
    network = build("four-block", keras, size_px=48, classes=7)
    model = training_model(network, ResidentFaces(FACES, Augmentation(), seed=0))
    rows = np.arange(len(FACES), dtype=np.int32)
    np.testing.assert_allclose(
        model.predict(rows, verbose=0), network.predict(REAL, verbose=0), atol=1e-6
    )


def test_class_weights_lift_the_rare_class_and_keep_the_mean_at_one():
    labels = np.array([0] * 90 + [1] * 10, np.uint8)
    balanced, mild = (class_weights(labels, 2, kind) for kind in ("balanced", "sqrt"))
    assert balanced[1] / balanced[0] == pytest.approx(9)
    assert mild[1] / mild[0] == pytest.approx(3)
    for weights in (balanced, mild, class_weights(labels, 2, "none")):
        assert weights[labels].mean() == pytest.approx(1)
