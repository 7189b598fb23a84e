"""The layer report: two files of one network, compared layer by layer."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.analysis.layer_plot import plot_layers
from fer_edge.converters.analysis.layer_report import format_layers, layer_report
from fer_edge.converters.quantization.graph_matching import match_operators
from fer_edge.converters.quantization.layer_names import find_layers, name_layers
from fer_edge.converters.quantization.selective import to_int8_selective
from fer_edge.converters.quantization.tflite import to_float16, to_float32, to_int8
from fer_edge.converters.sources.keras_models import load_float_network, load_qat_network
from fer_edge.errors import ConfigError, DatasetError, MissingExtraError, ModelError
from fer_edge.faces.faceset import load_faceset
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.graph import read_graph

pytestmark = pytest.mark.train


def trained_further(network):
    """Add noise to the kernels: one epoch on a few cartoons moves them less than an int8 step."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        if "/kernel:" in weight.name:
            kernel = weight.numpy()
            weight.assign(kernel + 0.1 * kernel.std() * random.standard_normal(kernel.shape))
    return network


@pytest.fixture(scope="module")
def files(trained):
    """Return a network, its float, PTQ and QAT files, and pictures to calibrate and to measure."""
    run, data = trained
    faces = load_faceset(data)
    train, measured = (faces.part(s).images[..., None] for s in ("train", "validation"))
    black = np.zeros((1, 48, 48, 1), np.uint8)
    calibration = np.concatenate([black, np.full_like(black, 255), train[:40]])
    network = load_float_network(run)
    flatbuffers = {
        "float32": to_float32(network),
        "ptq": to_int8(network, calibration),
        "qat": to_int8(trained_further(load_qat_network(run)), None),
    }
    return network, flatbuffers, calibration, measured[:24]


@pytest.fixture(scope="module")
def report(files):
    _, flatbuffers, _, measured = files
    return layer_report(flatbuffers["float32"], flatbuffers["ptq"], measured)


def test_layers_bear_their_keras_names_in_order(files, report):
    assert [layer.layer for layer in report.layers] == [
        *("conv1", "pool1", "conv2", "pool2", "conv3", "pool3", "conv4", "pool4"),
        *("dense", "expression", "softmax"),
    ]
    assert {layer.dtype for layer in report.layers} == {"int8"}
    assert report.same_weights
    assert report.pictures == 24
    assert report.layers[0].reach == ("conv1", "pool1", "conv2")


def test_figures_are_those_of_the_tensors(files, report):
    """Compute the figures of the output again, with interpreters opened as for serving."""
    _, flatbuffers, _, measured = files
    outputs = {}
    for name in ("float32", "ptq"):
        interpreter = open_interpreter(
            find_runtime(), flatbuffers[name], name=name, threads=1, origin="memory"
        )
        entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        answers = []
        for face in measured:
            tensor = face if name == "ptq" else face.astype(np.float32) / 255
            interpreter.set_tensor(entry["index"], tensor[None])
            interpreter.invoke()
            answers.append(interpreter.get_tensor(end["index"])[0].astype(np.float64))
        outputs[name] = np.stack(answers)
    outputs["ptq"] /= 256
    error = outputs["ptq"] - outputs["float32"]
    snr_db = 10 * np.log10(np.square(outputs["float32"]).sum() / np.square(error).sum())
    softmax = report.layers[-1]
    # serving uses XNNPACK, which sometimes rounds to the neighboring step
    assert softmax.snr_db == pytest.approx(snr_db, abs=3)
    assert softmax.largest_error == pytest.approx(np.abs(error).max(), abs=0.03)
    assert softmax.scale == 1 / 256
    assert 0.9 < softmax.cosine <= 1


def test_a_file_against_itself_has_no_error(files, tmp_path):
    _, flatbuffers, _, measured = files
    report = layer_report(flatbuffers["float32"], flatbuffers["float32"], measured[:2])
    assert {layer.snr_db for layer in report.layers} == {np.inf}
    assert {layer.dtype for layer in report.layers} == {"float32"}
    plot_layers(report, tmp_path / "perfect.png")
    assert (tmp_path / "perfect.png").stat().st_size > 10_000


def test_weights_behind_a_conversion_are_found(files):
    """Use a file with float16 weights; DEQUANTIZE makes them float32 at every inference."""
    network, flatbuffers, _, measured = files
    half = to_float16(network)
    assert "DEQUANTIZE" in read_graph(half).counts()
    report = layer_report(flatbuffers["float32"], half, measured[:4])
    assert report.same_weights
    assert report.layers[-1].snr_db > 50
    worst = [layer.weights.worst_snr_db for layer in report.layers if layer.weights]
    assert 60 < min(worst) < 100


def test_a_quantization_aware_file_is_matched_and_said_to_be_another_training(files):
    _, flatbuffers, _, measured = files
    qat = layer_report(flatbuffers["float32"], flatbuffers["qat"], measured)
    assert [layer.layer for layer in qat.layers][:3] == ["conv1", "pool1", "conv2"]
    assert not qat.same_weights
    assert "was trained further" in format_layers(qat)


def test_the_table_has_the_worst_layer_first(report):
    lines = format_layers(report).splitlines()
    assert len(lines) == 1 + len(report.layers)
    worst = min(report.layers, key=lambda layer: layer.channel_snr_db)
    assert lines[1].split()[0] == worst.layer
    assert f"{worst.channel_snr_db:.1f}" in lines[1]
    assert max(map(len, lines)) < 150


def test_the_picture_is_written_whole(report, tmp_path):
    path = tmp_path / "new" / "layers.png"
    silent = replace(report.layers[0], channel_snr_db=float("inf"), snr_db=float("-inf"))
    plot_layers(replace(report, layers=(silent, *report.layers[1:])), path, title="cartoons")
    picture = cv2.imread(str(path))
    assert picture.shape[1] > 1000
    assert [p.name for p in path.parent.iterdir()] == ["layers.png"]


def test_branches_are_matched_whatever_the_order():
    keras.utils.set_random_seed(0)

    def build(swap):
        inputs = keras.Input((8, 8, 1))
        branches = [keras.layers.Conv2D(4, 3, padding="same")(inputs), inputs]
        branches[1] = keras.layers.Conv2D(4, 1)(keras.layers.ReLU()(branches[1]))
        x = keras.layers.Add()(branches[::-1] if swap else branches)
        return keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(x)))

    first, second = (read_graph(to_float32(build(swap))) for swap in (False, True))
    pairs = match_operators(first, second)
    assert len(pairs) == len(first.operators)
    shapes = [[o.inputs[1].shape for o in pair if o.name == "CONV_2D"] for pair in pairs]
    assert all(len(set(pair)) <= 1 for pair in shapes)


def test_files_of_two_networks_are_refused(files):
    _, flatbuffers, _, measured = files
    inputs = keras.Input((48, 48, 1))
    other = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ModelError, match="contain different networks"):
        layer_report(flatbuffers["float32"], to_float32(other), measured)


def test_wrong_pictures_are_refused(files):
    _, flatbuffers, _, measured = files
    with pytest.raises(DatasetError, match="at least one"):
        layer_report(flatbuffers["float32"], flatbuffers["ptq"], measured[:0])
    with pytest.raises(DatasetError, match="does not fit"):
        layer_report(flatbuffers["float32"], flatbuffers["ptq"], measured[:, :40])


# ---- layers that are kept in float32 or int16 ----


def dtypes(flatbuffer):
    return {
        layer.outputs[0].name: layer.outputs[0].dtype
        for layer in read_graph(flatbuffer).operators
        if layer.name not in ("QUANTIZE", "DEQUANTIZE")
    }


def test_without_exceptions_both_tools_choose_the_same_scales(files, report):
    network, flatbuffers, calibration, measured = files
    ours = to_int8_selective(network, calibration)
    same = layer_report(flatbuffers["float32"], ours, measured)
    for one, other in zip(same.layers, report.layers, strict=True):
        assert one.scale == pytest.approx(other.scale, rel=1e-4), one.layer
        assert one.zero_point == other.zero_point, one.layer
        assert one.weights == other.weights or one.weights.scales == other.weights.scales
    assert abs(len(ours) - len(flatbuffers["ptq"])) < 2000


@pytest.mark.parametrize("kind", ["uint8", "int8"])
def test_kept_layers_are_float_and_the_others_int8(files, kind):
    network, flatbuffers, calibration, _ = files
    mixed = to_int8_selective(
        network,
        calibration,
        keep_float=["conv1", "softmax"],
        keep_int16=["conv3_relu"],  # the layer that the converter fused into conv3
        input_type=kind,
        output_type=kind,
    )
    layers = name_layers(read_graph(flatbuffers["float32"]))
    names = {layer.operator.outputs[0].name: layer.name for layer in layers}
    found = {names[tensor]: dtype for tensor, dtype in dtypes(mixed).items()}
    assert {name for name, dtype in found.items() if dtype == "FLOAT32"} == {"conv1", "softmax"}
    assert {name for name, dtype in found.items() if dtype == "INT16"} == {"conv3"}
    interpreter = open_interpreter(find_runtime(), mixed, name="mixed", threads=1, origin="memory")
    entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert entry["dtype"] == end["dtype"] == np.dtype(kind)
    # the raw pixel is the input, as in all our files
    assert entry["quantization"] == (pytest.approx(1 / 255), 0 if kind == "uint8" else -128)
    assert end["quantization"] == (1 / 256, 0 if kind == "uint8" else -128)


def test_parameters_of_a_mixed_file_are_counted_in_full(files):
    network, flatbuffers, calibration, _ = files
    mixed = to_int8_selective(network, calibration, keep_float=["conv2"])
    assert read_graph(mixed).parameters == read_graph(flatbuffers["float32"]).parameters


def test_an_int16_output_is_refused_as_uint8(files):
    network, _, calibration, _ = files
    with pytest.raises(ConfigError, match=r"layer .softmax. writes the output.*--output-type int8"):
        to_int8_selective(network, calibration, keep_int16=["softmax"])
    mixed = to_int8_selective(network, calibration, keep_int16=["softmax"], output_type="int8")
    interpreter = open_interpreter(find_runtime(), mixed, name="mixed", threads=1, origin="memory")
    assert interpreter.get_output_details()[0]["dtype"] == np.int8


def test_plain_integers_inside_a_network_are_compared_as_numbers():
    face = keras.Input((8, 8, 1))
    x = keras.ops.cast(keras.ops.cast(face * 50, "int32"), "float32")
    network = keras.Model(face, keras.layers.Dense(7)(keras.layers.Flatten()(x)))
    faces = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), np.uint8)
    report = layer_report(to_float32(network), to_int8(network, faces), faces)
    plain = [layer for layer in report.layers if layer.dtype == "int32"]
    assert plain
    assert all(layer.scale == 0 for layer in plain)


def test_an_unknown_layer_is_answered_with_the_nearest(files):
    network, _, calibration, _ = files
    with pytest.raises(ConfigError, match="no layer 'conv22'; nearest: conv2"):
        to_int8_selective(network, calibration, keep_float=["conv22"])
    with pytest.raises(ConfigError, match="both"):
        to_int8_selective(network, calibration, keep_float=["conv2"], keep_int16=["conv2_relu"])


def test_a_missing_quantizer_says_what_to_install(files, monkeypatch):
    network, _, calibration, _ = files
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_quantizer", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        to_int8_selective(network, calibration[:3])


def test_names_that_occur_twice_are_told_apart():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 2))
    x = keras.layers.SeparableConv2D(3, 3, name="apart")(inputs)
    network = keras.Model(inputs, keras.layers.Dense(7, name="end")(keras.layers.Flatten()(x)))
    layers = name_layers(read_graph(to_float32(network)))
    names = [layer.name for layer in layers]
    assert len(set(names)) == len(names)
    assert {"apart:depthwise_conv_2d", "apart:conv_2d"} <= set(names)
    assert len(find_layers(layers, ["apart"])) == 2
