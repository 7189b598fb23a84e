"""Networks of other projects: reading, wrapping, conversion, and detection of three serving bugs.

The bugs occur in published edge projects: two names of the label list are swapped (7 points lost),
pixels have another range than in training (30 points), and pixels are copied into an int8 tensor
without its zero point (35 points).
"""

import json
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.options import Options
from fer_edge.converters.sources.claims import Claims
from fer_edge.converters.sources.foreign import foreign_source, open_network
from fer_edge.converters.sources.source import open_run
from fer_edge.converters.sources.suspicions import check_labels, check_range
from fer_edge.errors import ConfigError, ModelError
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.card import UNKNOWN_LICENSE, UNKNOWN_LIMITS, Gate
from fer_edge.model.file import pack_model, read_model
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train

LOOSE = Options(("int8",), gate=Gate(max_drop_points=100))
NAMES = ",".join(FER2013)


@pytest.fixture(scope="module")
def theirs(trained, tmp_path_factory):
    """Train a network as another project would: color from -1 to 1, logits, saved as HDF5."""
    faces = load_faceset(trained[1]).part("train")
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(7, name="logits"),
        ],
        name="theirs",
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    color = np.repeat(faces.images[..., np.newaxis], 3, axis=3) / np.float32(127.5) - 1
    model.fit(color, faces.labels, batch_size=16, epochs=15, verbose=0)
    path = tmp_path_factory.mktemp("theirs") / "mini net-v2.h5"
    model.save(path)
    return path


def convert(fer_edge, theirs, trained, out, *more):
    return fer_edge(
        *("convert", theirs, "--data", trained[1], "--out", out, "--int8", "--max-drop", 100),
        *more,
    )


def test_their_network_gives_the_same_answers_behind_our_input(theirs, trained):
    faces = load_faceset(trained[1]).part("validation")
    claims = Claims(FER2013, (-1.0, 1.0))
    foreign = foreign_source(open_network(theirs, claims, faces), claims)
    gray = faces.images[..., np.newaxis]
    color = np.repeat(gray, 3, axis=3) / np.float32(127.5) - 1
    logits = keras.models.load_model(theirs, compile=False).predict(color, verbose=0)
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    served = foreign.network.predict(gray / np.float32(255), verbose=0)
    np.testing.assert_allclose(served, wanted, atol=1e-4)
    assert (served.argmax(axis=1) == faces.labels).mean() > 0.8
    assert (foreign.height, foreign.width) == (48, 48)


def test_their_network_becomes_a_served_file_with_a_card(theirs, trained, fer_edge, tmp_path):
    range_and_labels = ("--labels", NAMES, "--input-range=-1,1")
    result = convert(fer_edge, theirs, trained, tmp_path, *range_and_labels, "--json")
    assert result.exit_code == 0, result.output
    path = tmp_path / "mini net-v2-int8-ptq.tflite"
    card = read_model(path).card
    assert card.labels == FER2013
    assert card.data is None
    assert (card.limits, card.license) == (UNKNOWN_LIMITS, UNKNOWN_LICENSE)  # ours do not apply
    record = json.loads(result.stdout)[0]
    assert record["float_operators"] == []
    assert record["agreement"]["top1"] > 0.9
    with open_model(path) as model:
        assert model.probabilities(np.zeros((48, 48, 1), np.uint8)).sum() == pytest.approx(
            1, abs=0.02
        )


def test_bug_one_swapped_labels_are_caught(theirs, trained, fer_edge, tmp_path):
    swapped = ",".join(reversed(FER2013))
    wrong = ("--labels", swapped, "--input-range=-1,1")
    result = convert(fer_edge, theirs, trained, tmp_path / "out", *wrong)
    assert_one_clear_line(result, "order looks wrong", "--trust-claims")
    assert not (tmp_path / "out").exists()
    assert (
        convert(fer_edge, theirs, trained, tmp_path / "out", *wrong, "--trust-claims").exit_code
        == 0
    )


def test_bug_one_a_label_list_swapped_in_the_file_is_refused(trained, tmp_path):
    source = open_run(trained[0])
    path = convert_source(source, load_faceset(trained[1]), tmp_path, LOOSE)[0].path
    data = path.read_bytes()
    first, second = FER2013[:2]
    path.write_bytes(
        data.replace(f"{first}\n{second}\n".encode(), f"{second}\n{first}\n".encode(), 1)
    )
    with pytest.raises(ModelError, match=r"contradicts itself|damaged"):
        read_model(path)


def test_bug_two_another_input_range_is_caught(theirs, trained, fer_edge, tmp_path):
    wrong = ("--labels", NAMES, "--input-range", "0,255")
    result = convert(fer_edge, theirs, trained, tmp_path / "out", *wrong)
    assert_one_clear_line(result, "--input-range", "range looks wrong")
    assert not (tmp_path / "out").exists()


def test_bug_two_a_file_whose_input_has_another_scale_is_refused(trained, tmp_path):
    import tensorflow as tf

    source = open_run(trained[0])
    network = source.network
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [np.full((1, 48, 48, 1), 255.0 * i / 9, np.float32)] for i in range(10)
    )
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    good = convert_source(source, load_faceset(trained[1]), tmp_path, LOOSE)[0].path
    path = tmp_path / "pixels as 0 to 255.tflite"
    path.write_bytes(pack_model(converter.convert(), read_model(good).card))
    with pytest.raises(ModelError, match=r"scale 1 and zero point 0 cover"):
        open_model(path)


def test_bug_three_pixels_without_the_zero_point_are_caught(trained, tmp_path, monkeypatch):
    def careless(self, pixels):
        return pixels.view(np.int8)[np.newaxis]

    monkeypatch.setattr(TFLiteModel, "prepare", careless)
    options = Options(("int8",), input_type="int8")
    source = open_run(trained[0])
    results = convert_source(source, load_faceset(trained[1]), tmp_path, options)
    assert "loses" in results[0].fault
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_is_right_as_it_is_raises_no_suspicion():
    labels = np.repeat(np.arange(7), 100).astype(np.uint8)
    random = np.random.default_rng(0)
    probabilities = random.random((700, 7), np.float32) + 0.7 * np.eye(7, dtype=np.float32)[labels]
    top = probabilities.argmax(axis=1)
    check_labels(top, labels, FER2013)
    with pytest.raises(ModelError, match=f"--labels {','.join(FER2013[::-1])} it is"):
        check_labels(6 - top, labels, FER2013)
    right = top == labels
    a_little_less, much_less = (
        right & (random.random(700) < 0.99),
        right & (random.random(700) < 0.5),
    )
    check_range({(0.0, 1.0): a_little_less, (-1.0, 1.0): right}, (0.0, 1.0))
    with pytest.raises(ModelError, match="--input-range -1,1"):
        check_range({(0.0, 1.0): much_less, (-1.0, 1.0): right}, (0.0, 1.0))


def test_few_faces_raise_no_suspicion_by_chance():
    labels = np.array([0, 0, 1, 1], np.uint8)
    check_labels(np.array([1, 0, 0, 1]), labels, ("a", "b"))
    check_labels(np.array([1, 1, 0, 0]), labels, ("a", "b"))  # 0 of 4 right, 4 of 4 swapped


def test_words_that_do_not_fit_the_network_are_one_clear_line(theirs, trained, fer_edge, tmp_path):
    for more, words in (
        (("--labels", "happy,sad"), ("(None, 7)", "2 classes")),
        (("--labels", NAMES, "--input-size", 64), ("48x48", "--input-size is 64")),
    ):
        result = convert(fer_edge, theirs, trained, tmp_path / "out", *more)
        assert_one_clear_line(result, *words)
    for more, words in (
        ((), "--labels"),
        (("--labels", NAMES, "--input-range", "1"), "LOW,HIGH"),
        (("--labels", NAMES, "--input-range", "1,0"), "expected LOW below HIGH"),
        (("--labels", NAMES, "--input-range", "0,inf"), "expected LOW below HIGH"),
        (("--labels", NAMES, "--input-range", "nan,1"), "expected LOW below HIGH"),
        (("--labels", NAMES, "--input-range", "0,1e38"), "within -1e+06 to 1e+06"),
    ):
        result = convert(fer_edge, theirs, trained, tmp_path / "out", *more)
        assert result.exit_code == 2
        assert words in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_network_that_takes_pictures_of_any_size_needs_one(trained, tmp_path):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(inputs))
    path = tmp_path / "any.keras"
    keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(x)).save(path)
    faces = load_faceset(trained[1])
    with pytest.raises(ConfigError, match="--input-size"):
        open_network(path, Claims(FER2013), faces)
    claims = Claims(FER2013, size_px=40)
    assert foreign_source(open_network(path, claims, faces), claims).height == 40


@pytest.mark.parametrize("name", ["absent.keras", "text.keras", "text.h5"])
def test_a_file_that_is_no_network_is_one_clear_line(trained, fer_edge, tmp_path, name):
    if "absent" not in name:
        (tmp_path / name).write_text("no network")
    result = convert(fer_edge, tmp_path / name, trained, tmp_path / "out", "--labels", NAMES)
    assert_one_clear_line(result, name)


def test_an_unknown_layer_is_named(trained, fer_edge, tmp_path):
    @keras.saving.register_keras_serializable("their_package")
    class TheirOwnLayer(keras.layers.Layer):
        def call(self, x):
            return x

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(TheirOwnLayer()(inputs))
    path = tmp_path / "own.keras"
    keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(x)).save(path)
    keras.saving.get_custom_objects().clear()
    result = convert(fer_edge, path, trained, tmp_path / "out", "--labels", NAMES)
    assert_one_clear_line(result, "TheirOwnLayer")


def test_bug_one_labels_reordered_with_their_card_are_caught_by_scoring_again(
    theirs, trained, fer_edge, tmp_path
):
    told = ("--labels", NAMES, "--input-range=-1,1")
    assert convert(fer_edge, theirs, trained, tmp_path, *told).exit_code == 0
    path = tmp_path / "mini net-v2-int8-ptq.tflite"
    verify = ("card", "verify", path, "--data", trained[1])
    assert fer_edge(*verify).exit_code == 0
    file = read_model(path)
    swapped = replace(file.card, labels=(FER2013[1], FER2013[0], *FER2013[2:]))
    path.write_bytes(pack_model(file.flatbuffer, swapped))
    assert fer_edge("card", "verify", path).exit_code == 0  # this cannot be detected without faces
    result = fer_edge(*verify)
    assert result.exit_code == 1
    assert "the card states" in result.stderr
