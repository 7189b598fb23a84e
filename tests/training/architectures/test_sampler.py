"""Affine resampling: the result of OpenCV's remap, and gradients for training."""

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.architectures.deep_emotion import DeepEmotion
from fer_edge.training.architectures.sampler import resample
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train
SIZE, REACH = 32, 5


def sampled(picture, vertical, horizontal):
    face, *parameters = inputs = [
        keras.Input((SIZE, SIZE, 1)),
        keras.Input((3,)),
        keras.Input((3,)),
    ]
    model = keras.Model(inputs, resample(keras, face, parameters, REACH, name="align"))
    rows = [np.array([values], np.float32) for values in (vertical, horizontal)]
    return model.predict([picture[np.newaxis, ..., np.newaxis], *rows], verbose=0)[0, ..., 0]


@pytest.fixture
def picture():
    noise = np.random.default_rng(0).random((SIZE, SIZE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def test_zeros_leave_the_picture_as_it_is(picture):
    np.testing.assert_allclose(sampled(picture, [0, 0, 0], [0, 0, 0]), picture, atol=1e-5)


def test_a_shift_by_whole_pixels_moves_the_picture_and_brings_in_black(picture):
    moved = sampled(picture, [0, 0, 2 / REACH], [0, 0, -1 / REACH])
    np.testing.assert_allclose(moved[:-2, 1:], picture[2:, :-1], atol=1e-5)
    assert np.abs(moved[-2:]).max() < 1e-5 and np.abs(moved[:, 0]).max() < 1e-5


def test_two_passes_are_the_affine_map_that_they_compose(picture):
    vertical, horizontal = (0.1, 0.2, 0.3), (-0.2, 0.15, -0.1)
    center, half = (SIZE - 1) / 2, SIZE / 2
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)

    def moved(values, x, y):
        return REACH * (
            values[0] * (x - center) / half + values[1] * (y - center) / half + values[2]
        )

    from_x = x + moved(horizontal, x, y)
    from_y = y + moved(vertical, from_x, y)
    wanted = cv2.remap(picture, from_x, from_y.astype(np.float32), cv2.INTER_LINEAR)
    inside = slice(REACH, -REACH)
    np.testing.assert_allclose(
        sampled(picture, vertical, horizontal)[inside, inside], wanted[inside, inside], atol=0.01
    )


def test_a_pixel_comes_from_no_further_than_the_reach(picture):
    far = sampled(picture, [0, 0, 0], [0, 0, 9.0])
    np.testing.assert_allclose(far[:, :-REACH], picture[:, REACH:], atol=1e-5)


def test_the_alignment_learns_and_its_constants_stay():
    keras.utils.set_random_seed(0)
    network = DeepEmotion().build(keras, size_px=48, classes=7)
    before = {layer.name: layer.get_weights() for layer in network.layers}
    network.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    faces = make_faces(per_class=2)
    network.train_on_batch(faces.images[..., np.newaxis] / np.float32(255), faces.labels)
    for axis in "xy":
        name = f"align_{axis}_parameters"
        assert np.abs(network.get_layer(name).get_weights()[0] - before[name][0]).max() > 0
    frozen = [layer for layer in network.layers if not layer.trainable]
    assert len(frozen) == 12
    for layer in frozen:
        for now, then in zip(layer.get_weights(), before[layer.name], strict=True):
            np.testing.assert_array_equal(now, then)
