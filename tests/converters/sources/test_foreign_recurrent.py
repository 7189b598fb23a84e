"""Recurrent networks of other projects."""

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from tests.support.clear_line import assert_one_clear_line

from ...support.network_files import keras_of, saved, small_network

pytestmark = pytest.mark.train


def lstm(module):
    layers = module.layers
    return layers.Reshape((11, 44)), layers.LSTM(6, name="steps"), layers.Reshape((1, 1, 6))


def gru(module):
    layers = module.layers
    return layers.Reshape((11, 44)), layers.GRU(6, name="steps"), layers.Reshape((1, 1, 6))


def both_ways(module):
    layers = module.layers
    wrapped = layers.Bidirectional(layers.SimpleRNN(6), name="steps")
    return layers.Reshape((11, 44)), wrapped, layers.Reshape((1, 1, 12))


def convolutional(module):
    layers = module.layers
    reshape = layers.Reshape((11, 11, 4, 1))
    return reshape, layers.ConvLSTM2D(3, 2, name="steps"), layers.Reshape((1, -1, 3))


def in_a_network(module):
    inner = module.Sequential([module.Input((11, 11, 4)), *lstm(module)])
    return (inner,)


@pytest.mark.parametrize("build", [lstm, gru, both_ways, convolutional, in_a_network])
@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_recurrent_layers_are_named_before_anything_is_calibrated(convert, tmp_path, kind, build):
    module = keras_of(kind)
    path = saved(small_network(module, *build(module)), tmp_path / kind)
    # the kind of layer is found before the variant counts
    for variant in ("--int8", "--int16x8", "--float32") if build is lstm else ("--int8",):
        assert_one_clear_line(convert(path, variant), "recurrent", "steps", "unroll=True")


@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_an_unrolled_recurrent_layer_is_converted(convert, tmp_path, kind):
    layers = keras_of(kind).layers
    steps = layers.LSTM(6, unroll=True)
    middle = layers.Reshape((11, 44)), steps, layers.Reshape((1, 1, 6))
    path = saved(small_network(keras_of(kind), *middle), tmp_path / kind)
    result = convert(path, "--int8")
    assert result.exit_code == 0, result.output
