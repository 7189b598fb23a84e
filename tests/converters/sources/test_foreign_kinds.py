"""`convert` with files that are not Keras networks, and with Keras networks of unusual kinds."""

import itertools
import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.options import Options
from fer_edge.converters.quantization.loops import check_loops
from fer_edge.converters.result_text import results_as_json, results_as_table
from fer_edge.converters.sources.claims import Claims
from fer_edge.converters.sources.foreign import foreign_source, open_network
from fer_edge.converters.sources.source import float_probabilities
from fer_edge.errors import ModelError
from fer_edge.evaluation.evaluation import unscaled_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.inference.model import TFLiteModel
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from tests.support.clear_line import assert_one_clear_line

from ...support.network_files import KINDS, keras_of, saved, small_network

pytestmark = pytest.mark.train

CLAIMS = Claims(FER2013, (0.0, 1.0))


def opened(path, cartoons):
    return foreign_source(open_network(path, CLAIMS, load_faceset(cartoons)), CLAIMS)


def torch_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("net.onnx", lambda path: path.write_bytes(b"\x08\x07"), ["ONNX", "onnx2tf"]),
        ("net.pt", torch_archive, ["PyTorch", "torch.onnx.export", "onnx2tf"]),
        ("net.pth", lambda path: path.write_bytes(b"\x80\x02"), ["PyTorch", "torch.onnx.export"]),
        ("net.h5", torch_archive, ["PyTorch"]),
        ("net.pkl", lambda path: path.write_bytes(pickle.dumps({})), ["pickle"]),
        ("net.joblib", lambda path: path.write_bytes(pickle.dumps({})), ["pickle"]),
        ("net.safetensors", lambda path: path.write_bytes(b"\0" * 20), ["weights only"]),
        (
            "net.pb",
            lambda path: path.write_bytes(b"\n\x00"),
            ["a frozen graph of TensorFlow 1", "SavedModel"],
        ),
        ("saved_model.pb", lambda path: path.write_bytes(b"\n\x00"), ["convert its folder"]),
        ("model.json", lambda path: path.write_text("{}"), ["tensorflowjs_converter"]),
        ("net.ckpt.index", lambda path: path.write_bytes(b"x"), ["checkpoint", "weights only"]),
        (
            "net.tflite",
            lambda path: path.write_bytes(find_model("compact").read_bytes()),
            ["already a .tflite file", "card attach"],
        ),
        ("net.weights", lambda path: path.write_bytes(b"x"), ["expected a run folder, a .keras"]),
        ("folder", lambda path: path.mkdir(), ["not a run folder", "not a SavedModel"]),
        ("absent.keras", lambda path: None, ["does not exist"]),
        ("absent", lambda path: None, ["does not exist", "SavedModel folder"]),
    ],
)
def test_a_file_of_another_kind_is_named_with_the_way_to_go(convert, tmp_path, name, make, words):
    make(tmp_path / name)
    assert_one_clear_line(convert(tmp_path / name, "--int8"), name, *words)
    assert not (tmp_path / "out").exists()


def functional(module):
    return small_network(module)


def sequential(module):
    layers = module.layers
    return module.Sequential(
        [
            *(module.Input((48, 48, 1)), layers.Conv2D(4, 5, strides=4), layers.ReLU(6.0)),
            *(layers.BatchNormalization(), layers.DepthwiseConv2D(3), layers.Flatten()),
            layers.Dense(7, activation="softmax"),
        ]
    )


def nested(module):
    layers = module.layers
    side = inner_face = module.Input((11, 11, 4))
    side = layers.Add()([layers.SeparableConv2D(4, 3, padding="same")(side), inner_face])
    inner = module.Model(inner_face, layers.PReLU(shared_axes=[1, 2])(side))
    return small_network(module, inner, layers.LeakyReLU())


def with_operations(module):
    """Build a network with operations between its layers: preprocessing, slices, arithmetic."""
    layers, tf = module.layers, pytest.importorskip("tensorflow")
    face = module.Input((48, 48, 1))
    if module.__name__ == "keras":
        x = module.ops.concatenate([face, face * 0.5, 1 - face], axis=-1)[:, :, :, ::-1]
        x = module.ops.pad(module.ops.relu(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
        x = module.ops.mean(layers.Conv2D(4, 5)(x) / 2, axis=(1, 2))
    else:
        x = tf.concat([face, face * 0.5, 1 - face], axis=-1)[:, :, :, ::-1]
        x = tf.pad(tf.nn.relu(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
        x = module.applications.mobilenet_v2.preprocess_input(tf.cast(x * 255, tf.float32))
        x = tf.reduce_mean(layers.Conv2D(4, 5)(x) / 2, axis=(1, 2))
    return module.Model(face, layers.Dense(7, activation="softmax")(x))


def with_attention(module):
    layers = module.layers
    face = module.Input((48, 48, 1))
    x = layers.Reshape((-1, 8))(layers.Conv2D(8, 5, strides=8, activation="swish")(face))
    x = layers.MultiHeadAttention(2, 4)(x, x)
    x = layers.LayerNormalization()(x)
    scaled = layers.Multiply()([x, layers.Dense(8, activation="sigmoid")(x)])
    x = layers.Flatten()(layers.Dropout(0.2)(scaled))
    x = layers.Dense(9, activation=layers.LeakyReLU(), kernel_regularizer="l2")(x)
    constraint = module.constraints.MaxNorm(2.0)
    dense = layers.Dense(7, kernel_constraint=constraint, kernel_initializer="he_normal")
    return module.Model(face, layers.Softmax()(dense(x)))


@pytest.mark.parametrize(
    ("kind", "build"),
    [
        *itertools.product(KINDS, [functional, sequential, nested, with_attention]),
        # Keras 3 cannot load operations from its own .h5 files
        *itertools.product(sorted({*KINDS} - {"keras3.h5"}), [with_operations]),
    ],
)
def test_files_of_both_keras_give_their_own_answers(cartoons, tmp_path, kind, build):
    network = build(keras_of(kind))
    faces = load_faceset(cartoons).part("validation")
    wanted = float_probabilities(network, faces)
    source = opened(saved(network, tmp_path / kind), cartoons)
    check_loops(source.network)
    np.testing.assert_allclose(float_probabilities(source.network, faces), wanted, atol=1e-5)


@pytest.mark.parametrize("name", ["émotion", "_best", "-x", "模型", "9", "a b.c"])
@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_a_file_of_any_name_is_converted_under_it(convert, tmp_path, kind, name):
    path = saved(functional(keras_of(kind)), tmp_path / f"{name}{kind[6:]}")
    result = convert(path, "--float32")
    assert result.exit_code == 0, result.output
    assert read_model(tmp_path / "out" / f"{name}-float32.tflite").card.name == f"{name}-float32"


@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_named_outputs_are_called_so(convert, tmp_path, kind):
    whole = functional(keras_of(kind))
    network = keras_of(kind).Model(whole.inputs, {"expression": whole.outputs[0]})
    result = convert(saved(network, tmp_path / kind), "--float32")
    assert_one_clear_line(result, "named outputs (expression)", "expected one tensor")


@pytest.mark.parametrize("more", [(), ("--input-range=-1,1",)])
def test_a_network_with_weights_that_are_nan_is_one_clear_line(convert, tmp_path, caplog, more):
    network = functional(keras_of("keras3.keras"))
    network.layers[-1].bias.assign([np.nan] * 7)
    path = saved(network, tmp_path / "broken.keras")
    result = convert(path, "--float32", *more)
    assert_one_clear_line(result, "broken", "values that are not finite on 84 of 84 faces")
    assert "softmax" not in caplog.text


def test_a_file_whose_values_are_not_finite_is_refused_alone(cartoons, tmp_path, monkeypatch):
    path = saved(functional(keras_of("keras3.keras")), tmp_path / "net.keras")
    honest = TFLiteModel.probabilities

    def overflowing(self, pixels):
        found = honest(self, pixels)
        return found * np.float32(np.nan) if "float16" in self.file.path.name else found

    monkeypatch.setattr(TFLiteModel, "probabilities", overflowing)
    source = opened(path, cartoons)
    half, whole = convert_source(
        source, load_faceset(cartoons), tmp_path / "out", Options(("float16", "float32"))
    )
    assert half.fault == "produces values that are not finite"
    assert (half.score.accuracy, half.score.calibration_error, half.temperature) == (0, None, None)
    assert (whole.fault, whole.path.exists(), half.path.exists()) == ("", True, False)


def test_a_file_that_the_runtime_cannot_run_is_refused_alone(cartoons, tmp_path, monkeypatch):
    path = saved(functional(keras_of("keras3.keras")), tmp_path / "net.keras")
    honest = TFLiteModel.__init__

    def refusing(self, file, **settings):
        if "float16" in file.path.name:
            raise ModelError(f"{file.path} cannot be run by this runtime: no kernel")
        honest(self, file, **settings)

    monkeypatch.setattr(TFLiteModel, "__init__", refusing)
    half, whole = convert_source(
        opened(path, cartoons),
        load_faceset(cartoons),
        tmp_path / "out",
        Options(("float16", "float32")),
    )
    assert half.fault == "cannot be run by this runtime: no kernel"
    assert (half.can_run, half.temperature, whole.can_run) == (False, None, True)
    assert (whole.fault, whole.path.exists(), half.path.exists()) == ("", True, False)
    table = results_as_table([half, whole], tmp_path / "out")
    assert table.count("accuracy") == 1
    assert "NOT WRITTEN: it cannot be run by this runtime" in table
    assert [item["score"] is None for item in json.loads(results_as_json([half, whole]))] == [
        True,
        False,
    ]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_networks_are_read_as_float32(
    cartoons, tmp_path, kind, policy, caplog, request
):
    module = keras_of(kind)
    setting = module.mixed_precision
    setting.set_global_policy(policy)
    request.addfinalizer(lambda: setting.set_global_policy("float32"))
    path = saved(nested(module), tmp_path / kind)
    setting.set_global_policy("float32")
    same = nested(module)
    half = module.models.load_model(path, compile=False)
    same.set_weights([np.asarray(weight, np.float32) for weight in half.get_weights()])

    faces = load_faceset(cartoons)
    source = opened(path, cartoons)
    assert policy in caplog.text
    validation = faces.part("validation")
    wanted = float_probabilities(same, validation)
    np.testing.assert_allclose(float_probabilities(source.network, validation), wanted, atol=1e-5)
    options = Options(("float32", "int8"), calibration_faces=50)
    options = replace(options, gate=replace(options.gate, max_drop_points=100))
    for item in convert_source(source, faces, tmp_path / "out", options):
        served, _ = unscaled_probabilities(read_model(item.path), validation)
        np.testing.assert_allclose(served, wanted, atol=0.03)


def apart(module):
    return small_network(module, activation="linear"), module.layers.Activation("sigmoid")


def built_in(module):
    return (small_network(module, activation="sigmoid"),)


def in_a_layer(module):
    return (small_network(module, activation=module.layers.Activation("sigmoid")),)


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        *((parts, kind) for parts in (apart, built_in) for kind in ("keras3.keras", "keras2.h5")),
        (in_a_layer, "keras3.keras"),
    ],
)
def test_sigmoid_outputs_are_called_so_and_get_no_softmax(
    convert, cartoons, tmp_path, kind, parts, caplog
):
    module = keras_of(kind)
    network = module.Sequential([module.Input((48, 48, 1)), *parts(module)])
    path = saved(network, tmp_path / kind)
    result = convert(path, "--float32", "--int8")
    assert result.exit_code == 0, result.output
    assert "produces sigmoid outputs" in caplog.text
    assert "softmax" not in caplog.text
    faces = load_faceset(cartoons).part("validation")
    each = float_probabilities(network, faces).astype(np.float64)
    odds = each / (1 - each)  # proportional to the probabilities if exactly one class holds
    served = float_probabilities(opened(path, cartoons).network, faces)
    np.testing.assert_allclose(served, odds / odds.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("activation", "words"),
    [("tanh", "tanh outputs"), ("relu", "relu outputs"), ("linear", "produces logits")],
)
def test_other_outputs_are_called_what_they_are(
    cartoons, tmp_path, caplog, kind, activation, words
):
    network = small_network(keras_of(kind), activation=activation)
    path = saved(network, tmp_path / kind)
    opened(path, cartoons)
    assert words in caplog.text
    assert "a softmax is added" in caplog.text
