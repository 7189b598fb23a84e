"""What a network's values on faces show: sigmoids and percentages are not logits."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.sources.output_activation import check_logits
from fer_edge.errors import ModelError
from fer_edge.faces.labels import FER2013
from tests.support.clear_line import assert_one_clear_line

from ...support.network_files import KINDS, keras_of, saved, small_network

pytestmark = pytest.mark.train


@pytest.fixture
def convert(cartoons, fer_edge, tmp_path):
    def invoke(path, *more):
        out = ("--data", cartoons, "--out", tmp_path / "out", "--float32", "--trust-claims")
        return fer_edge("convert", path, "--labels", ",".join(FER2013), *out, *more)

    return invoke


def spread(classes=7, activation=None):
    start = keras.initializers.RandomNormal(stddev=2.0, seed=classes)
    return keras.layers.Dense(classes, activation=activation, kernel_initializer=start)


def clipped(x):
    return keras.ops.clip(spread(activation="sigmoid")(x), 1e-7, 1 - 1e-7)


def averaged(x):
    return keras.layers.Average()([spread(activation="sigmoid")(x) for _ in range(2)])


def one_by_one(x):
    return keras.layers.Concatenate()([spread(1, "sigmoid")(x) for _ in range(7)])


def hard(x):
    return spread(activation="hard_sigmoid")(x)


def hard_in_a_layer(x):
    return spread(activation=keras.layers.Activation("hard_sigmoid"))(x)


def sparse(x):
    return spread(activation="sparse_sigmoid")(x)


def percent(x):
    return keras.layers.Rescaling(100.0)(spread(activation="softmax")(x))


def two_heads(x):
    return keras.layers.Concatenate()([spread(4, "softmax")(x), spread(3, "softmax")(x)])


SIGMOIDS = "a yes or no per class (sigmoids)"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (clipped, SIGMOIDS),
        (averaged, SIGMOIDS),
        (one_by_one, SIGMOIDS),
        (hard, SIGMOIDS),
        (hard_in_a_layer, SIGMOIDS),
        (sparse, SIGMOIDS),
        (percent, "add up to 100 for every face"),
        (two_heads, "add up to 2 for every face"),
    ],
)
@pytest.mark.parametrize("form", ["net.keras", "net"])
def test_outputs_in_disguise_get_no_softmax(convert, tmp_path, form, end, words):
    face = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(keras.layers.Conv2D(4, 5, strides=8, activation="relu")(face))
    network, path = keras.Model(face, end(x)), tmp_path / form
    if path.suffix:
        network.save(path)
    else:
        network.export(path, verbose=False)
    assert_one_clear_line(convert(path), form, words, "expected probabilities")
    assert not (tmp_path / "out").exists()


def test_values_that_logits_can_have_are_logits(tmp_path):
    random = np.random.default_rng(0).random((50, 7), np.float32)
    for outputs in (random - 0.5, 3 * random, np.zeros((50, 7), np.float32), np.ones((1, 7), "f4")):
        check_logits(outputs, "linear", tmp_path)
    check_logits(random, "relu", tmp_path)  # as its name says
    with pytest.raises(ModelError, match="sigmoids"):
        check_logits(random, "linear", tmp_path)


@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_a_sigmoid_that_also_gates_the_network_is_not_removed(convert, tmp_path, kind):
    module = keras_of(kind)
    layers, sigmoid = module.layers, module.layers.Activation("sigmoid")
    face = module.Input((48, 48, 1))
    x = layers.Conv2D(4, 5, strides=4)(face)
    gate = sigmoid(layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(gate)])
    network = module.Model(face, sigmoid(layers.Dense(7)(layers.Flatten()(x))))
    result = convert(saved(network, tmp_path / kind))
    assert_one_clear_line(result, kind, "sigmoid outputs in another place, too")


@pytest.mark.parametrize("name", ["face", "rescaling", "concatenate", "softmax"])
@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_a_network_may_have_the_name_of_a_layer_of_ours(convert, tmp_path, kind, name):
    module = keras_of(kind)
    face = module.Input((48, 48, 3))
    x = module.layers.GlobalAveragePooling2D()(module.layers.Conv2D(4, 5)(face))
    network = module.Model(face, module.layers.Dense(7)(x), name=name)
    result = convert(saved(network, tmp_path / kind), "--input-range=-1,1")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("kind", "batch"), [*((kind, 1) for kind in KINDS), ("keras3.keras", 32)])
def test_a_fixed_batch_is_opened(convert, tmp_path, kind, batch):
    module = keras_of(kind)
    face = module.Input((48, 48, 1), batch_size=batch)
    x = module.layers.Flatten()(module.layers.Conv2D(4, 5, strides=4)(face))
    network = module.Model(face, module.layers.Dense(7, activation="softmax")(x))
    result = convert(saved(network, tmp_path / kind))
    assert result.exit_code == 0, result.output


def test_a_batch_that_is_part_of_an_operation_is_called_so(convert, tmp_path):
    face = keras.Input((48, 48, 1), batch_size=4)
    x = keras.layers.Conv2D(4, 5, strides=4)(face)
    x = keras.ops.reshape(x, (4, 484))
    path = saved(keras.Model(face, spread(activation="softmax")(x)), tmp_path / "net.keras")
    assert_one_clear_line(convert(path), "net.keras", "fixed batch of 4")


def test_a_network_quantized_by_keras_is_called_so(convert, tmp_path):
    network = small_network(keras)
    network.quantize("int8")
    path = saved(network, tmp_path / "net.keras")
    assert_one_clear_line(convert(path), "already quantized by Keras", "save the float network")


def test_random_numbers_that_remain_are_refused(convert, tmp_path):
    module = keras_of("keras2")
    tf = pytest.importorskip("tensorflow")
    face = module.Input((48, 48, 1))
    x = module.layers.Flatten()(tf.nn.dropout(face, 0.5))
    path = saved(module.Model(face, module.layers.Dense(7, "softmax")(x)), tmp_path / "net.h5")
    assert_one_clear_line(convert(path), "net.h5", "random numbers (RandomUniform)")
