"""Conversion of a `.tflite` file to an equivalent float network that can be trained."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.options import Options
from fer_edge.converters.sources.source import open_run
from fer_edge.errors import ModelError, TrainingError
from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.inference.model import TFLiteModel
from fer_edge.model.bundled import bundled_models
from fer_edge.model.card import Gate
from fer_edge.model.file import read_model
from fer_edge.training.backend.validation import predict
from fer_edge.training.targets.distillation import load_teachers
from fer_edge.training.warm_start.trained import load_trained
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train

NETWORK = "[network]\nstem = 4\nwidths = [8, 12]\nblocks = [2, 1]\n"
RECIPE = 'architecture = "tiny"\nepochs = {epochs}\nbatch_size = 16\n' + NETWORK


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "cartoons.npz"
    save_faceset(make_faces(per_class=16), path)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory, data):
    """Run folder of a small `tiny` after three epochs, and its model files, by scheme."""
    from click.testing import CliRunner

    from fer_edge.cli.main import main

    work = tmp_path_factory.mktemp("small")
    recipe = work / "recipe.toml"
    recipe.write_text(RECIPE.format(epochs=3))
    arguments = ("train", "--data", data, "--recipe", recipe, "--out", work / "run")
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    options = Options(variants=("float32", "float16", "int8"), gate=Gate(max_drop_points=100))
    results = convert_source(open_run(work / "run"), load_faceset(data), work, options)
    return {"run": work / "run"} | {
        item.path.stem.removeprefix("run-").partition("-")[0]: item.path for item in results
    }


@pytest.fixture(scope="module")
def images(data):
    return load_faceset(data).part("train").images


def read_by(path, images):
    """Return a file's probabilities for faces, without its card's temperature."""
    file = read_model(path)
    plain = replace(file, card=replace(file.card, temperature_scaling=None))
    with TFLiteModel(plain) as model:
        return model.probabilities_of(model_inputs(images, *model.input_size))


def test_the_network_of_a_float_file_is_the_one_that_was_converted(small, images):
    before = load_trained(str(small["run"]), images).network
    after = load_trained(str(small["float32"]), images).network
    np.testing.assert_allclose(predict(after, images), predict(before, images), atol=1e-5)


def test_it_computes_the_same_from_a_batch_s_own_statistics(small, images):
    network = load_trained(str(small["float32"]), images).network
    pixels = as_real(model_inputs(images, 48, 48))
    learning = keras.ops.convert_to_numpy(network(pixels, training=True))  # one batch of all faces
    np.testing.assert_allclose(learning, predict(network, images), atol=1e-3)


def test_every_filter_has_the_length_that_a_new_one_has(small, images):
    network = load_trained(str(small["int8"]), images).network
    kernel = network.get_layer("s1b1_first").kernel
    lengths = np.sqrt((keras.ops.convert_to_numpy(kernel) ** 2).sum(axis=(0, 1, 2)))
    np.testing.assert_allclose(lengths, 2**0.5, rtol=1e-5)


@pytest.mark.parametrize("name", ["int8", *bundled_models()])
def test_an_integer_file_says_what_it_said(small, images, name):
    path = small["int8"] if name == "int8" else bundled_models()[name]
    network = load_trained(str(path), images).network
    said = read_by(path, images)
    again = predict(network, images)
    sure = np.abs(np.diff(np.sort(said, axis=1)[:, -2:]))[:, 0] > 0.1
    assert sure.sum() > 20
    assert (again.argmax(axis=1) == said.argmax(axis=1))[sure].mean() > 0.98
    assert np.abs(again - said).mean() < 0.02


def test_training_goes_on_from_a_file(fer_edge, small, data, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(epochs=1).replace("[2, 1]", "[2, 2]"))  # a larger network
    arguments = ("train", "--data", data, "--recipe", recipe, "--learning-rate", "1e-9")
    more = ("--start", small["int8"], "--teacher", small["int8"], "--out", tmp_path / "run")
    done = fer_edge(*arguments, *more)
    assert done.exit_code == 0, done.stderr
    faces = load_faceset(data).part("validation")
    said = read_by(small["int8"], faces.images)
    network = load_trained(str(tmp_path / "run"), faces.images).network
    assert np.abs(predict(network, faces.images) - said).mean() < 0.05
    assert f'start = "{small["int8"]}"' in (tmp_path / "run" / "recipe.toml").read_text()


def test_a_file_teaches_its_own_classes_only(data):
    with pytest.raises(TrainingError, match="teacher compact-ferplus has the classes neutral"):
        load_teachers(["compact-ferplus"], load_faceset(data))


def test_a_folder_goes_before_a_bundled_model_of_its_name(tmp_path, monkeypatch, images):
    monkeypatch.chdir(tmp_path)
    assert load_trained("tiny", images).labels == FER2013
    (tmp_path / "tiny").mkdir()
    with pytest.raises(TrainingError, match="tiny is not a run folder"):
        load_trained("tiny", images)


def test_what_cannot_be_unfolded_is_one_clear_line(fer_edge, small, trained, data, tmp_path):
    options = Options(variants=("int8",), gate=Gate(max_drop_points=100))
    four_block = convert_source(open_run(trained[0]), load_faceset(trained[1]), tmp_path, options)
    for start, *words in (
        (small["float16"], "float16", "expected an int8 or float32 file", "run folder"),
        (four_block[0].path, "four-block", "expected an int8 or float32 file"),
        (tmp_path / "none.tflite", "cannot be read"),
        ("compakt", "not a run folder", "fer-edge train"),
    ):
        recipe = ("--arch", "tiny", "--epochs", "1", "--out", tmp_path / "out")
        done = fer_edge("train", "--data", data, "--start", start, *recipe)
        assert_one_clear_line(done, *words)


def test_a_damaged_file_is_refused(small, images, tmp_path):
    path = tmp_path / "damaged.tflite"
    data = bytearray(small["int8"].read_bytes())
    data[2000] ^= 255
    path.write_bytes(data)
    with pytest.raises(ModelError, match="altered or damaged"):
        load_trained(str(path), images)
