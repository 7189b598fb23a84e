"""Conversion of a trained run to .tflite files: contents, scores, and refused input."""

import json
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.options import VARIANTS, Options
from fer_edge.converters.quantization.calibration import choose_calibration
from fer_edge.converters.sources.source import open_run
from fer_edge.errors import DatasetError, ModelError, OutputError
from fer_edge.evaluation.evaluation import (
    card_score,
    fit_scaling,
    served_probabilities,
    unscaled_probabilities,
)
from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset
from fer_edge.faces.preprocess import PIXEL_SCALE, model_inputs
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.card import Gate
from fer_edge.model.file import read_model
from fer_edge.model.graph import read_graph
from fer_edge.scoring.temperature import at_temperature
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train

LOOSE = Options(variants=VARIANTS, gate=Gate(max_drop_points=100))
"""Without a limit for the loss of accuracy: cartoon networks of ten epochs may exceed it."""


@pytest.fixture(scope="module")
def source(trained):
    return open_run(trained[0])


@pytest.fixture(scope="module")
def converted(source, trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("converted")
    results = convert_source(source, load_faceset(trained[1]), out, LOOSE)
    return {item.path.stem.removeprefix("cartoons-"): item for item in results}


def test_every_variant_is_written_and_smaller_than_float(converted):
    assert list(converted) == [
        *("float32", "float16", "dynamic", "int16x8", "int8-ptq", "int8-qat")
    ]
    sizes = {name: item.size_bytes for name, item in converted.items()}
    for item in converted.values():
        assert item.size_bytes == item.path.stat().st_size
    assert 0.45 < sizes["float16"] / sizes["float32"] < 0.55
    for name in ("dynamic", "int16x8", "int8-ptq", "int8-qat"):
        assert sizes[name] < 0.3 * sizes["float32"]


def test_every_variant_says_what_it_is_and_agrees_with_keras(converted):
    for name, item in converted.items():
        card = read_model(item.path).card
        assert card.quantization.scheme == name.partition("-")[0]
        assert card.parameters == read_model(converted["float32"].path).card.parameters
        assert card.macs == pytest.approx(33.1e6, rel=0.01)
        assert item.agreement.n == 84
        if name != "int8-qat":  # one short epoch has changed its weights
            assert item.agreement.top1 > 0.9, name
        assert len(item.agreement.recall_change) == 7
        assert card.agreement == item.agreement
        assert card.gate == LOOSE.gate
    assert converted["float32"].agreement.largest_gap < 1e-5
    assert converted["int16x8"].agreement.largest_gap < converted["int8-ptq"].agreement.largest_gap


@pytest.mark.parametrize("name", ["float32", "float16", "dynamic", "int16x8", "int8-ptq"])
def test_every_graph_has_batch_size_one_and_constant_shapes(converted, name):
    with open_model(converted[name].path) as model:
        details = model._interpreter.get_tensor_details()
        assert all((detail["shape_signature"] >= 0).all() for detail in details)
        assert model._interpreter.get_input_details()[0]["shape"][0] == 1


def test_only_an_integer_graph_counts_as_one(converted):
    assert converted["int8-ptq"].float_operators == ()
    assert converted["int16x8"].float_operators == ()
    dynamic = read_graph(read_model(converted["dynamic"].path).flatbuffer)
    assert len(dynamic.float_operators) == len(dynamic.operators)


@pytest.mark.parametrize("name", ["int8-ptq", "int8-qat"])
def test_an_int8_graph_is_integer_all_through(converted, name):
    graph = read_graph(read_model(converted[name].path).flatbuffer)
    tensors = [t for o in graph.operators for t in (*o.inputs, *o.outputs)]
    assert {tensor.dtype for tensor in tensors} <= {"INT8", "UINT8", "INT32"}
    names = [operator.name for operator in graph.operators]
    # uint8 outside, int8 inside: one QUANTIZE at each end, none in between
    assert names[0] == names[-1] == "QUANTIZE"
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(names[1:-1])


@pytest.mark.parametrize("name", ["int8-ptq", "int8-qat"])
def test_convolutions_have_one_scale_per_channel_and_batch_norm_is_folded(converted, name):
    graph = read_graph(read_model(converted[name].path).flatbuffer)
    convolutions = [o for o in graph.operators if o.name == "CONV_2D"]
    assert len(convolutions) == 5
    for operator in convolutions:
        weights = operator.inputs[1]
        assert len(weights.scales) == weights.shape[0]
    assert not {"MUL", "ADD", "SUB"} & set(graph.counts())


@pytest.mark.parametrize("name", ["int8-ptq", "int8-qat"])
def test_the_raw_pixel_is_the_quantized_input(converted, name):
    with open_model(converted[name].path) as model:
        details = model._interpreter.get_input_details()[0]
        assert details["dtype"] == np.uint8
        assert details["quantization"] == (pytest.approx(PIXEL_SCALE, abs=1e-7), 0)


def test_the_float_file_equals_the_keras_network(trained, converted):
    from fer_edge.converters.sources.keras_models import load_float_network
    from fer_edge.faces.preprocess import as_real

    run, data = trained
    faces = load_faceset(data).part("validation")
    network = load_float_network(run)
    wanted = network.predict(as_real(model_inputs(faces.images, 48, 48)), verbose=0)
    served, _ = unscaled_probabilities(read_model(converted["float32"].path), faces)
    np.testing.assert_allclose(served, wanted, atol=1e-5)


def test_every_file_is_calibrated_on_the_validation_faces_and_compared_as_it_is(trained, converted):
    faces = load_faceset(trained[1]).part("validation")
    for item in converted.values():
        file = read_model(item.path)
        scaling = file.card.temperature_scaling
        assert scaling == item.temperature
        assert (scaling.faces, scaling.split, scaling.digest) == (84, "validation", faces.digest)
        probabilities, floor = unscaled_probabilities(file, faces)
        assert fit_scaling(probabilities, faces, floor=floor) == scaling
        # scores and agreement do not depend on the temperature at which the file is served
        assert card_score("served", probabilities, faces) == item.score
        assert scaling.error_before == item.score.calibration_error
        with open_model(item.path) as model:
            served = served_probabilities(model, faces)
        assert np.array_equal(served, at_temperature(probabilities, scaling.value, floor))
        assert np.array_equal(served.argmax(axis=1), probabilities.argmax(axis=1))


def test_the_card_tells_where_the_model_comes_from(trained, converted):
    run, data = trained
    card = read_model(converted["int8-ptq"].path).card
    assert card.data.digest == load_faceset(data).digest
    assert card.recipe == (run / "recipe.toml").read_text()
    assert card.quantization.calibration.faces == 168
    assert {score.variant for score in card.scores} == {"float", "served"}
    assert card.served_score().accuracy == converted["int8-ptq"].score.accuracy
    assert card.macs == pytest.approx(33.1e6, rel=0.01)
    assert any(tool.startswith("tensorflow ") for tool in card.tools)


@pytest.mark.parametrize(("kind", "zero_point"), [("uint8", 0), ("int8", -128)])
def test_input_and_output_types_are_chosen_and_give_the_same_answers(
    source, trained, converted, tmp_path, kind, zero_point
):
    faces = load_faceset(trained[1])
    options = Options(("int8",), input_type=kind, output_type=kind, gate=LOOSE.gate)
    results = convert_source(source, faces, tmp_path, options)
    assert not (tmp_path / "cartoons-float32.tflite").exists()
    pixels = faces.part("validation").images[..., np.newaxis]
    with open_model(results[0].path) as model, open_model(converted["int8-ptq"].path) as other:
        assert model._interpreter.get_input_details()[0]["quantization"][1] == zero_point
        np.testing.assert_array_equal(
            model.probabilities_of(pixels), other.probabilities_of(pixels)
        )


def test_the_same_run_gives_the_same_bytes(trained, converted, tmp_path):
    """Load the network again and convert it; `test_command` does this in another process."""
    again = convert_source(open_run(trained[0]), load_faceset(trained[1]), tmp_path, LOOSE)
    for item in again:
        assert item.path.read_bytes() == (
            converted[item.path.stem.removeprefix("cartoons-")].path.read_bytes()
        ), item.path.name


def test_calibration_is_balanced_repeatable_and_pinned():
    train = make_faces(per_class=20).part("train")
    pixels, record = choose_calibration(train, count=35, seed=3, height=48, width=48)
    again, same = choose_calibration(train, count=35, seed=3, height=48, width=48)
    np.testing.assert_array_equal(pixels, again)
    assert record == same
    assert len(pixels) == 36
    assert (pixels[0].min(), pixels[0].max()) == (0, 255)
    assert (pixels[0] != pixels[1]).sum() <= 2
    chosen = {image.tobytes() for image in pixels[1:]}
    read = model_inputs(train.images, 48, 48)
    counts = [
        sum(face.tobytes() in chosen for face in read[train.labels == label]) for label in range(7)
    ]
    assert counts == [5] * 7
    assert choose_calibration(train, count=35, seed=4, height=48, width=48)[1] != record


def test_a_file_that_loses_too_much_is_not_written(trained, fer_edge, tmp_path, monkeypatch):
    """Plant a bug of published projects: serving passes pixels of a wrong range."""
    run, data = trained
    honest = TFLiteModel.prepare

    def careless(self, pixels):
        tensor = honest(self, pixels)
        return tensor // 4 if tensor.dtype == np.uint8 else tensor

    monkeypatch.setattr(TFLiteModel, "prepare", careless)
    out = tmp_path / "models"
    result = fer_edge("convert", run, "--int8", "--float32", "--data", data, "--out", out)
    assert_one_clear_line(result, "int8-ptq.tflite loses", "--max-drop", "not written")
    assert "NOT WRITTEN" in result.stdout
    assert [path.name for path in out.iterdir()] == ["cartoons-float32.tflite"]


@pytest.fixture
def reversed_classes(monkeypatch):
    """Plant a bug that reverses the classes."""
    honest = TFLiteModel.probabilities

    def mirrored(self, pixels):
        return honest(self, pixels)[::-1]

    monkeypatch.setattr(TFLiteModel, "probabilities", mirrored)


@pytest.mark.usefixtures("reversed_classes")
def test_a_file_that_agrees_too_seldom_is_not_written(source, trained, tmp_path):
    faces = load_faceset(trained[1])
    strict = Options(("int8",), gate=Gate(max_drop_points=100, min_agreement=0.9))
    results = convert_source(source, faces, tmp_path, strict)
    assert all("--min-agreement 90" in item.fault for item in results)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("reversed_classes")
def test_a_file_that_fails_leaves_the_one_before_it(source, trained, tmp_path):
    faces = load_faceset(trained[1])
    path = tmp_path / "cartoons-float32.tflite"
    path.write_bytes(b"the good one of before")
    strict = Options(("float32",), gate=Gate(max_drop_points=0), overwrite=True)
    assert convert_source(source, faces, tmp_path, strict)[0].fault
    assert path.read_bytes() == b"the good one of before"


def test_existing_files_are_kept_unless_told(source, trained, converted):
    folder = converted["float32"].path.parent
    with pytest.raises(OutputError, match="--overwrite"):
        convert_source(source, load_faceset(trained[1]), folder, LOOSE)


def test_another_face_sets_classes_are_refused(source, trained, tmp_path):
    faces = load_faceset(trained[1])
    other = FaceSet(faces.images, faces.labels, faces.split, ("other", *faces.class_names[1:]))
    with pytest.raises(DatasetError, match="classes"):
        convert_source(source, other, tmp_path, LOOSE)


def test_a_face_set_with_its_classes_in_another_order_scores_the_same(
    source, trained, converted, tmp_path, caplog
):
    faces = load_faceset(trained[1])
    order = (*faces.class_names[3:], *faces.class_names[:3])
    again = convert_source(source, faces.in_class_order(order), tmp_path, LOOSE)
    assert again[0].score.recall == converted["float32"].score.recall
    assert "cartoons was trained on a different face set" in caplog.text


def test_own_calibration_faces_are_used_and_recorded(trained, fer_edge, tmp_path):
    run, data = trained
    dark = make_faces(per_class=3, validation_per_class=0)
    save_faceset(replace(dark, images=dark.images // 4), tmp_path / "dark.npz")
    arguments = ("convert", run, "--int8", "--data", data, "--max-drop", 100, "--out")
    own = ("--calibration", tmp_path / "dark.npz")
    result = fer_edge(*arguments, tmp_path / "own", *own)
    assert result.exit_code == 0, result.output
    record = read_model(tmp_path / "own" / "cartoons-int8-ptq.tflite").card.quantization.calibration
    assert (record.source, record.faces) == ("dark.npz", 21)


def test_a_calibration_set_of_the_wrong_shape_or_empty_is_one_clear_line(
    trained, fer_edge, tmp_path
):
    run, data = trained
    arguments = ("convert", run, "--int8", "--data", data, "--out", tmp_path / "out")
    for name, shape, words in (
        ("color", (7, 48, 48, 3), "expected uint8 (n, side, side)"),
        ("empty", (0, 48, 48), "at least one face"),
    ):
        path = tmp_path / f"{name}.npz"
        zeros = np.zeros(shape[0], np.uint8)
        np.savez(path, images=np.zeros(shape, np.uint8), labels=zeros, split=zeros)
        result = fer_edge(*arguments, "--calibration", path)
        assert_one_clear_line(result, words)
    assert not (tmp_path / "out").exists()


def test_nothing_to_convert_is_a_usage_error(trained, fer_edge, tmp_path):
    result = fer_edge("convert", trained[0], "--data", trained[1], "--out", tmp_path)
    assert result.exit_code == 2
    assert "--int8" in result.stderr


def test_json_has_every_file(trained, fer_edge, tmp_path):
    run, data = trained
    result = fer_edge(
        *("convert", run, "--int8", "--float32", "--data", data, "--out", tmp_path / "models"),
        *("--max-drop", 100, "--json"),
    )
    assert result.exit_code == 0, result.output
    records = json.loads(result.stdout)
    assert [record["written"] for record in records] == [True, True, True]
    assert [len(record["agreement"]["recall_change"]) for record in records] == [7, 7, 7]


def test_an_unsupported_layer_is_named_in_one_error(source, trained, tmp_path):
    strange = replace(source, network=strange_network())
    with pytest.raises(ModelError, match=r"cannot convert.*FFT2D.*the_strange_one"):
        convert_source(strange, load_faceset(trained[1]), tmp_path / "out", LOOSE)
    assert not (tmp_path / "out").exists()


def strange_network():
    import tensorflow as tf

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Lambda(
        lambda image: tf.image.adjust_gamma(
            tf.cast(tf.signal.fft2d(tf.cast(image[..., 0], tf.complex64)), tf.float32)[..., None],
            2.0,
        ),
        name="the_strange_one",
    )(inputs)
    return keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(x)))
