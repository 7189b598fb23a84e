"""SavedModel folders: converted if they classify faces, otherwise refused in one line."""

import shutil

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

import keras
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import saved_model_pb2

from fer_edge.converters.sources.claims import Claims
from fer_edge.converters.sources.foreign import foreign_source, open_network
from fer_edge.converters.sources.source import float_probabilities
from fer_edge.evaluation.evaluation import unscaled_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.model.card import UNKNOWN_LICENSE
from fer_edge.model.file import read_model
from tests.support.clear_line import assert_one_clear_line

from ...support.network_files import small_network

pytestmark = pytest.mark.train

CLAIMS = Claims(FER2013, (0.0, 1.0))


class OwnNetwork(tf.Module):
    """A network as converters from other formats write it: a plain module with its variables."""

    def __init__(self, channels=3, end=tf.nn.softmax):
        super().__init__()
        start = tf.random.stateless_normal((5, 5, channels, 7), (1, 2))
        self.kernel, self.end = tf.Variable(start), end

    def read(self, faces):
        maps = tf.nn.conv2d(faces, self.kernel, 4, "SAME")
        return self.end(tf.reduce_mean(maps, axis=(1, 2)))


def saved_module(folder, shape=(1, 48, 48, 3), dtype=tf.float32, read=None, **settings):
    module = OwnNetwork(**settings)
    signature = tf.function(read or module.read).get_concrete_function(
        tf.TensorSpec(shape, dtype, name="input")
    )
    tf.saved_model.save(module, str(folder), signatures=signature)
    return module


def keras3_export(folder):
    network = small_network(keras, keras.layers.Dropout(0.5), keras.layers.BatchNormalization())
    network.export(folder, verbose=False)
    return network


def keras2_export(folder):
    network = small_network(tf_keras, tf_keras.layers.Dropout(0.5), tf_keras.layers.PReLU())
    network.export(folder)
    return network


def keras2_save(folder):
    network = small_network(tf_keras, tf_keras.layers.Dropout(0.5), tf_keras.layers.ReLU(6.0))
    network.save(folder, save_format="tf")
    return network


@pytest.mark.parametrize("save", [keras3_export, keras2_export, keras2_save])
def test_a_saved_model_is_converted(convert, cartoons, tmp_path, save):
    network = save(tmp_path / "theirs")
    result = convert(tmp_path / "theirs", "--float32", "--int8", "--layer-report")
    assert result.exit_code == 0, result.output
    faces = load_faceset(cartoons).part("validation")
    wanted = float_probabilities(network, faces)
    for name, tolerance in (("float32", 1e-5), ("int8-ptq", 0.03)):
        file = read_model(tmp_path / "out" / f"theirs-{name}.tflite")
        assert file.card.license == UNKNOWN_LICENSE
        assert any(tool.startswith("tensorflow ") for tool in file.card.tools)
        served, _ = unscaled_probabilities(file, faces)
        np.testing.assert_allclose(served, wanted, atol=tolerance)


@pytest.mark.parametrize("batch", [1, None])
def test_colors_and_a_fixed_batch_are_served(convert, cartoons, tmp_path, batch):
    module = saved_module(tmp_path / "theirs", (batch, 48, 48, 3))
    result = convert(tmp_path / "theirs", "--input-range=-1,1", "--float32", "--int8")
    assert result.exit_code == 0, result.output
    faces = load_faceset(cartoons).part("validation")
    color = np.repeat(faces.images[..., np.newaxis], 3, axis=3).astype(np.float32) / 127.5 - 1
    wanted = np.asarray(module.read(color))
    served, _ = unscaled_probabilities(read_model(tmp_path / "out/theirs-float32.tflite"), faces)
    np.testing.assert_allclose(served, wanted, atol=1e-5)


def reshaped_sigmoid(logits):
    """Apply a sigmoid before the shape is final, as a head of 1x1 convolutions does."""
    return tf.reshape(tf.nn.sigmoid(tf.reshape(logits, (-1, 1, 1, 7))), (-1, 7))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (tf.nn.sigmoid, "sigmoid outputs"),
        (reshaped_sigmoid, "sigmoid outputs"),
        (tf.identity, "produces logits"),
    ],
)
def test_outputs_are_called_what_they_are(cartoons, tmp_path, caplog, end, words):
    module = saved_module(tmp_path / "theirs", (None, 48, 48, 1), channels=1, end=end)
    faces = load_faceset(cartoons).part("validation")
    source = foreign_source(open_network(tmp_path / "theirs", CLAIMS, faces), CLAIMS)
    assert words in caplog.text
    module.end = tf.nn.softmax  # both outputs are served as the softmax of these logits
    wanted = np.asarray(module.read(faces.images[..., np.newaxis].astype(np.float32) / 255))
    np.testing.assert_allclose(float_probabilities(source.network, faces), wanted, atol=1e-5)


def python_function(faces):
    return tf.ensure_shape(tf.py_function(lambda x: x, [faces], tf.float32), (None, 7))


def numpy_function(faces):
    return tf.ensure_shape(tf.numpy_function(lambda x: x, [faces], tf.float32), (None, 7))


def reading(faces):
    size = tf.cast(tf.strings.length(tf.io.read_file("secret.txt")), tf.float32)
    return tf.reduce_mean(faces, axis=(1, 2))[:, :1] * tf.ones((1, 7)) * size


def writing(faces):
    with tf.control_dependencies([tf.io.write_file("canary", "ran")]):
        return tf.reduce_mean(faces, axis=(1, 2))[:, :1] * tf.ones((1, 7))


def hidden_in_a_loop(faces):
    found = tf.while_loop(
        lambda n, x: n < 3, lambda n, x: (n + 1, x + reading(faces)), (0, reading(faces))
    )
    return found[1]


def restoring(faces):
    value = tf.raw_ops.RestoreV2(
        prefix="other", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    return tf.reduce_mean(faces, axis=(1, 2))[:, :1] * tf.ones((1, 7)) * value[0]


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (python_function, "EagerPyFunc"),
        (numpy_function, "PyFunc"),
        (reading, "ReadFile"),
        (writing, "WriteFile"),
        (hidden_in_a_loop, "ReadFile"),
        (restoring, "RestoreV2"),
    ],
)
def test_an_operation_that_does_more_than_compute_is_refused(convert, tmp_path, read, name):
    saved_module(tmp_path / "theirs", (None, 48, 48, 1), read=read)
    result = convert(tmp_path / "theirs", "--float32")
    assert_one_clear_line(result, "theirs", f"the operation {name}", "nothing was loaded")


def dropping(faces):
    return tf.nn.softmax(tf.nn.dropout(tf.reduce_mean(faces, axis=(1, 2)) * tf.ones((1, 7)), 0.5))


def noisy(faces):
    return tf.nn.softmax(faces[:, 0, :7, 0] + tf.random.normal((1, 7)))


@pytest.mark.parametrize("read", [dropping, noisy])
def test_random_answers_are_refused(convert, tmp_path, read):
    saved_module(tmp_path / "theirs", (None, 48, 48, 1), read=read)
    result = convert(tmp_path / "theirs", "--float32")
    assert_one_clear_line(result, "theirs computes with random numbers (Random", "training=False")


@pytest.mark.parametrize("layer", [keras.layers.RandomFlip(), keras.layers.Dropout(0.5)])
def test_layers_in_training_mode_are_called_so(convert, tmp_path, layer):
    face = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(layer(face, training=True))
    network = keras.Model(face, keras.layers.Dense(7, activation="softmax")(x))
    network.export(tmp_path / "theirs", verbose=False)
    result = convert(tmp_path / "theirs", "--float32")
    assert_one_clear_line(result, "theirs computes with random numbers (", "training=False")


def counting(folder):
    module = tf.Module()
    module.calls = tf.Variable(0.0)

    def read(faces):
        module.calls.assign(module.calls + 1.0)
        return tf.nn.softmax(faces[:, 0, :7, 0] * module.calls)

    spec = tf.TensorSpec((None, 48, 48, 1))
    signature = tf.function(read).get_concrete_function(spec)
    tf.saved_model.save(module, str(folder), signatures=signature)


def rename(name):
    """Return a function that renames the convolutions in a SavedModel, as a hostile file may."""

    def spoil(folder):
        path = folder / "saved_model.pb"
        parsed = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        for item in parsed.meta_graphs[0].graph_def.library.function:
            for node in item.node_def:
                if node.op == "Conv2D":
                    node.op = name
        path.write_bytes(parsed.SerializeToString())

    return spoil


def cut(folder):
    data = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(data[: len(data) // 2])


def without_weights(folder):
    shutil.rmtree(folder / "variables")


def with_short_weights(folder):
    for path in (folder / "variables").glob("*.data*"):
        path.write_bytes(path.read_bytes()[:20])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut, ["cannot be read as a SavedModel"]),
        (without_weights, ["cannot be read as a SavedModel"]),
        (with_short_weights, ["cannot be read as a SavedModel"]),
        (rename("TheirOwnOp"), ["the operation TheirOwnOp"]),
        (rename("PyFuncStateless"), ["the operation PyFuncStateless"]),
    ],
)
def test_a_damaged_folder_is_one_clear_line(convert, tmp_path, spoil, words):
    saved_module(tmp_path / "theirs")
    spoil(tmp_path / "theirs")
    assert_one_clear_line(convert(tmp_path / "theirs", "--int8"), "theirs", *words)


def two_inputs(folder):
    both = [tf.TensorSpec((None, 48, 48, 1), name=name) for name in ("left", "right")]
    read = tf.function(lambda left, right: tf.reduce_mean(left + right, axis=(1, 2)))
    tf.saved_model.save(tf.Module(), str(folder), signatures=read.get_concrete_function(*both))


def without_a_signature(folder):
    tf.saved_model.save(tf.Module(), str(folder))


def two_signatures(folder):
    spec = tf.TensorSpec((None, 48, 48, 1))
    read = tf.function(lambda faces: tf.reduce_mean(faces, axis=(1, 2)))
    signatures = {name: read.get_concrete_function(spec) for name in ("one", "two")}
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)


def with_maps(folder):
    saved_module(folder, read=lambda faces: faces)


def channels_first(folder):
    saved_module(folder, (1, 3, 48, 48), read=lambda faces: tf.nn.softmax(faces[:, 0, 0, :7]))


def integers(folder):
    saved_module(folder, dtype=tf.uint8, read=lambda x: tf.cast(x[:, 0, :7, 0], tf.float32))


def recurrent(folder):
    layers = keras.layers
    steps = layers.Reshape((11, 44)), layers.LSTM(6), layers.Reshape((1, 1, 6))
    small_network(keras, *steps).export(folder, verbose=False)


@pytest.mark.parametrize(
    ("save", "words"),
    [
        (two_inputs, ["2 inputs", "left", "right"]),
        (without_a_signature, ["no signature", "signatures=..."]),
        (two_signatures, ["one, two", "serving_default"]),
        (with_maps, ["produces (1, 48, 48, 3)", "expected one output"]),
        (channels_first, ["channels last"]),
        (integers, ["reads uint8"]),
        (recurrent, ["recurrent layer"]),
        (counting, ["changes its own variables"]),
    ],
)
def test_what_cannot_be_converted_is_one_clear_line(convert, tmp_path, save, words):
    save(tmp_path / "theirs")
    assert_one_clear_line(convert(tmp_path / "theirs", "--int8"), *words)
