"""Statistics of batch normalizations: measured on the faces, independent of earlier values."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.training.architectures.residual import Tiny
from fer_edge.training.loop.normalizations import measurement
from tests.support.cartoons import make_faces


def images():
    return make_faces(per_class=20).part("train").images


def network_of(*layers):
    network = keras.Sequential([keras.Input((48, 48, 1)), *layers])
    network.trainable = True
    return network


def test_the_first_one_gets_the_mean_and_variance_of_what_it_sees():
    norm = keras.layers.BatchNormalization()
    measurement(network_of(norm), images())()
    pixels = as_real(model_inputs(images(), 48, 48))
    np.testing.assert_allclose(norm.moving_mean, [pixels.mean()], rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, [pixels.var()], rtol=1e-2)
    assert norm.momentum == 0.99


def test_those_behind_it_see_its_own_statistics_not_what_was_there():
    network = Tiny(stem=4, widths=(4, 8), blocks=(1, 1)).build(keras, size_px=48, classes=7)
    measurement(network, images())()
    first = [variable.numpy() for variable in network.non_trainable_variables]
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            layer.moving_mean.assign(layer.moving_mean + 5.0)
            layer.moving_variance.assign(layer.moving_variance * 9.0)
    measurement(network, images())()
    again = [variable.numpy() for variable in network.non_trainable_variables]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_measured_network_computes_what_it_learned_with():
    """Inference with the measured statistics equals training mode on the same faces."""
    network = Tiny(stem=4, widths=(4, 8), blocks=(1, 1)).build(keras, size_px=48, classes=7)
    faces = images()[:128]  # one batch
    measurement(network, faces)()
    pixels = as_real(model_inputs(faces, 48, 48))
    learning, serving = network(pixels, training=True), network(pixels, training=False)
    np.testing.assert_allclose(learning, serving, atol=1e-5)


def test_frozen_ones_and_those_inside_a_frozen_base_stay():
    frozen, inner = keras.layers.BatchNormalization(), keras.layers.BatchNormalization()
    base = network_of(keras.layers.Conv2D(1, 3), inner)
    network = network_of(base, frozen)
    frozen.trainable = False
    base.trainable = False
    measurement(network, images())()
    for norm in (frozen, inner):
        np.testing.assert_array_equal(norm.moving_mean, [0.0])
        np.testing.assert_array_equal(norm.moving_variance, [1.0])
    base.trainable = True
    measurement(network, images())()
    assert inner.moving_variance[0] != 1.0
