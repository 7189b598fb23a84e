"""ResNet50: weights from a file in Keras's format, or one clear error."""

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

import h5py
from keras.src.backend.config import keras_home

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.training.architectures import ResNet50
from fer_edge.training.architectures.resnet50_weights import IMAGENET_FILE
from fer_edge.training.warm_start.pretrained import load_base_weights

pytestmark = pytest.mark.train
FACES = np.zeros((1, 48, 48), np.uint8)


def test_the_base_takes_the_weights_of_a_file_that_keras_2_wrote(resnet50_weights):
    network = ResNet50().build(keras, size_px=32, classes=7)
    load_base_weights(ResNet50(weights=str(resnet50_weights)), network, FACES)
    with h5py.File(resnet50_weights) as file:
        for name in ("conv1_conv", "conv2_block1_0_bn", "conv5_block3_3_conv"):
            wanted = [file[name][weight][:] for weight in file[name].attrs["weight_names"]]
            for got, want in zip(network.get_layer(name).get_weights(), wanted, strict=True):
                np.testing.assert_array_equal(got, want)


def test_unfreezing_leaves_normalization_frozen_and_none_frees_all():
    trainable = {}
    for options in (ResNet50(), ResNet50(unfrozen_layers=32), ResNet50(weights="none")):
        network = options.build(keras, size_px=32, classes=7)
        trainable[options] = {layer.name for layer in network.layers if layer.trainable_weights}
    head = {"dense1", "dense2", "expression"}
    frozen, last_stage, everything = trainable.values()
    assert frozen == head
    stage = {f"conv5_block{block}_{step}_conv" for block in (1, 2, 3) for step in (1, 2, 3)}
    assert last_stage == head | stage | {"conv5_block1_0_conv"}
    assert {"conv1_conv", "conv5_block3_3_bn"} < everything and "preprocess" not in everything


def test_the_input_is_imagenets_preprocessing():
    network = ResNet50().build(keras, size_px=32, classes=7)
    first = keras.Model(network.input, network.get_layer("preprocess").output)
    faces = np.random.default_rng(0).random((2, 32, 32, 1)).astype(np.float32)
    wanted = keras.applications.resnet50.preprocess_input(np.repeat(faces * 255, 3, axis=-1))
    np.testing.assert_allclose(first.predict(faces, verbose=0), wanted, atol=1e-3)


def test_a_wrong_file_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no weights")
    (tmp_path / "weights.npz").write_bytes(b"")
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    for name, reason in (
        ("missing.h5", "does not exist"),
        ("text.h5", "do not fit"),
        ("weights.npz", "has an unknown suffix"),
        ("other.weights.h5", "do not fit"),
    ):
        options = ResNet50(weights=str(tmp_path / name))
        with pytest.raises(TrainingError, match=f"{reason}.*{IMAGENET_FILE}") as caught:
            load_base_weights(options, None, FACES)
        assert "\n" not in str(caught.value)


def test_a_file_that_lists_a_large_array_many_times_is_refused_before_it_is_read(tmp_path):
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.attrs["layer_names"] = ["l"]
        group = file.create_group("l")
        group.create_dataset("k", (10**8,), "f4", chunks=(1 << 18,), compression="gzip")
        group.attrs["weight_names"] = ["k"] * 3
    options = ResNet50(weights=str(tmp_path / "bomb.h5"))
    with pytest.raises(TrainingError, match=r"bomb\.h5.*its arrays declare more than 800 MB"):
        load_base_weights(options, None, FACES)


def test_offline_imagenet_names_the_file_to_bring(monkeypatch, capsys):
    if (Path(keras_home()) / "models" / IMAGENET_FILE).exists():
        pytest.skip("this machine has the ImageNet weights")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # no server listens there
    with pytest.raises(
        TrainingError, match=f"downloaded.*{IMAGENET_FILE}.*--weights FILE"
    ) as caught:
        load_base_weights(ResNet50(), None, FACES)
    assert "\n" not in str(caught.value)
    assert not capsys.readouterr().out


def test_faces_too_small_for_the_base_are_refused():
    with pytest.raises(RecipeError, match="at least 32"):
        ResNet50().build(keras, size_px=16, classes=7)
