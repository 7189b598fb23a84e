"""A trained run to .tflite files: what is in them, what they score, what is refused."""

import json
import shutil

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters import run as conversion
from fer_edge.converters.calibration import choose_calibration
from fer_edge.converters.run import Options, convert_run
from fer_edge.errors import DatasetError, ModelError, OutputError
from fer_edge.faces import PIXEL_SCALE
from fer_edge.faceset import FaceSet, load_faceset
from fer_edge.graph import read_graph
from fer_edge.interpreter import TFLiteModel, open_model
from fer_edge.modelfile import read_model
from tests.conftest import assert_one_clear_line, make_faces

pytestmark = pytest.mark.train

LOOSE = Options(max_drop_points=100)
"""Cartoon networks of six epochs are not what the gate is for."""


@pytest.fixture(scope="module")
def converted(trained, tmp_path_factory):
    run, data = trained
    out = tmp_path_factory.mktemp("converted")
    results = convert_run(run, load_faceset(data), out, LOOSE)
    return {item.path.stem.removeprefix("cartoons-"): item for item in results}


def test_float_ptq_and_qat_files_are_written(converted):
    assert list(converted) == ["float32", "int8-ptq", "int8-qat"]
    assert all(item.path.exists() for item in converted.values())
    sizes = {name: item.size_bytes for name, item in converted.items()}
    assert sizes["int8-ptq"] < 0.3 * sizes["float32"]
    for item in converted.values():
        assert item.size_bytes == item.path.stat().st_size


@pytest.mark.parametrize("name", ["int8-ptq", "int8-qat"])
def test_an_int8_graph_is_integer_all_through(converted, name):
    graph = read_graph(read_model(converted[name].path).flatbuffer)
    tensors = [t for o in graph.operators for t in (*o.inputs, *o.outputs)]
    assert {tensor.dtype for tensor in tensors} <= {"INT8", "UINT8", "INT32"}
    names = [operator.name for operator in graph.operators]
    # uint8 outside, int8 inside: one QUANTIZE at each end, none between
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
def test_the_raw_pixel_is_the_quantised_input(converted, name):
    with open_model(converted[name].path) as model:
        details = model._interpreter.get_input_details()[0]
        assert details["dtype"] == np.uint8
        assert details["quantization"] == (pytest.approx(PIXEL_SCALE, abs=1e-7), 0)


def test_the_float_file_equals_the_keras_network(trained, converted):
    from fer_edge.converters.keras_models import load_float_network
    from fer_edge.faces import as_real

    run, data = trained
    faces = load_faceset(data).part("validation")
    network = load_float_network(run)
    wanted = network.predict(as_real(faces.images[..., np.newaxis]), verbose=0)
    with open_model(converted["float32"].path) as model:
        served = model.probabilities_of(faces.images[..., np.newaxis])
    np.testing.assert_allclose(served, wanted, atol=1e-5)


def test_post_training_int8_agrees_with_float(converted):
    agreement = converted["int8-ptq"].agreement
    assert agreement.top1 > 0.9
    assert agreement.n == 84


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
    trained, converted, tmp_path, kind, zero_point
):
    run, data = trained
    faces = load_faceset(data)
    options = Options(float32=False, input_type=kind, output_type=kind, max_drop_points=100)
    results = convert_run(run, faces, tmp_path, options)
    assert not (tmp_path / "cartoons-float32.tflite").exists()
    pixels = faces.part("validation").images[..., np.newaxis]
    with open_model(results[1].path) as model, open_model(converted["int8-ptq"].path) as other:
        assert model._interpreter.get_input_details()[0]["quantization"][1] == zero_point
        np.testing.assert_array_equal(
            model.probabilities_of(pixels), other.probabilities_of(pixels)
        )


def test_the_same_run_gives_the_same_bytes(trained, converted, tmp_path):
    run, data = trained
    again = convert_run(run, load_faceset(data), tmp_path, LOOSE)
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
    assert pixels[0].max() == 0
    assert pixels[1].min() == 255
    chosen = {image.tobytes() for image in pixels[2:]}
    counts = [
        sum(image.tobytes() in chosen for image in train.images[train.labels == label])
        for label in range(7)
    ]
    assert counts == [5] * 7
    assert choose_calibration(train, count=35, seed=4, height=48, width=48)[1] != record


def test_a_file_that_loses_too_much_is_not_written(trained, fer_edge, tmp_path, monkeypatch):
    """Plant the bug that rivals ship: the served file reads its pixels wrongly."""
    run, data = trained
    honest = TFLiteModel.prepare

    def careless(self, pixels):
        tensor = honest(self, pixels)
        return tensor // 4 if tensor.dtype == np.uint8 else tensor

    monkeypatch.setattr(TFLiteModel, "prepare", careless)
    out = tmp_path / "models"
    result = fer_edge("convert", run, "--int8", "--float32", "--data", data, "--out", out)
    assert_one_clear_line(result, "loses", "--max-drop", "nothing was written")
    assert not out.exists()


def test_existing_files_are_kept_unless_told(trained, converted):
    run, data = trained
    folder = converted["float32"].path.parent
    with pytest.raises(OutputError, match="--overwrite"):
        convert_run(run, load_faceset(data), folder, LOOSE)


def test_another_face_sets_classes_are_refused(trained, tmp_path):
    run, data = trained
    faces = load_faceset(data)
    swapped = (faces.class_names[1], faces.class_names[0], *faces.class_names[2:])
    other = FaceSet(faces.images, faces.labels, faces.split, swapped)
    with pytest.raises(DatasetError, match="classes"):
        convert_run(run, other, tmp_path, LOOSE)


@pytest.mark.parametrize("spoil", [b"", b"not a model", b"PK\x03\x04 cut short"])
def test_a_damaged_network_is_one_clear_line(trained, fer_edge, tmp_path, spoil):
    run, data = trained
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "model.keras").write_bytes(spoil)
    result = fer_edge("convert", copy, "--int8", "--data", data, "--out", tmp_path / "out")
    assert_one_clear_line(result, "model.keras", "cannot be read")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_is_one_clear_line(trained, fer_edge, tmp_path):
    result = fer_edge("convert", tmp_path, "--int8", "--data", trained[1], "--out", tmp_path / "o")
    assert_one_clear_line(result, "not a run folder")


def test_an_unfinished_run_says_how_to_go_on(trained, fer_edge, tmp_path):
    (tmp_path / "run.partial").mkdir()
    result = fer_edge("convert", tmp_path / "run", "--int8", "--data", trained[1], "--out", "o")
    assert_one_clear_line(result, "--resume")


def test_a_damaged_run_info_is_one_clear_line(trained, fer_edge, tmp_path):
    run, data = trained
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "run.json").write_text('{"architecture": "four-block"}')
    result = fer_edge("convert", copy, "--int8", "--data", data, "--out", tmp_path / "out")
    assert_one_clear_line(result, "run.json", "is missing")


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
    assert [record["agreement"] is None for record in records] == [True, False, False]


def test_an_unsupported_layer_is_named_in_one_error(trained, monkeypatch, tmp_path):
    run, data = trained
    monkeypatch.setattr(conversion, "load_float_network", lambda run: strange_network())
    with pytest.raises(ModelError, match="cannot convert"):
        convert_run(run, load_faceset(data), tmp_path / "out", LOOSE)
    assert not (tmp_path / "out").exists()


def strange_network():
    import tensorflow as tf

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Lambda(
        lambda image: tf.image.adjust_gamma(
            tf.cast(tf.signal.fft2d(tf.cast(image[..., 0], tf.complex64)), tf.float32)[..., None],
            2.0,
        )
    )(inputs)
    return keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(x)))
