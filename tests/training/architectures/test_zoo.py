"""Every bundled recipe goes train -> convert -> run; every optimizer, loss and teacher trains."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import plugins
from fer_edge.converters.conversion import Options, convert_source
from fer_edge.converters.sources.keras_models import load_qat_network
from fer_edge.converters.sources.source import open_run
from fer_edge.errors import TrainingError
from fer_edge.model.card import Gate
from fer_edge.model.file import read_model
from fer_edge.model.graph import read_graph
from fer_edge.training import train
from fer_edge.training.architectures import FourBlock
from fer_edge.training.recipes.recipe import Augmentation, Loss, Optimizer, Recipe, load_recipe
from tests.support.cartoons import draw_face, make_faces

pytestmark = pytest.mark.train
SMALL = FourBlock(filters=(4, 4, 8, 8), dense_units=8)


def quick(recipe, **changes):
    qat = dataclasses.replace(recipe.qat, epochs=1)
    return dataclasses.replace(recipe, epochs=1, batch_size=14, qat=qat, **changes)


def run(recipe, faces, out, **changes):
    return train(faces, out, recipe, **changes).scores


def frozen_stays_frozen(folder):
    """Check that quantization-aware training left frozen kernels and normalizations alone."""
    network = keras.models.load_model(folder / "model.keras")
    quantized = load_qat_network(folder)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            normalization = quantized.get_layer(f"quant_{layer.name}").layer
            for ours, theirs in zip(layer.get_weights(), normalization.get_weights(), strict=True):
                np.testing.assert_array_equal(ours, theirs)
        elif not layer.trainable and hasattr(layer, "kernel"):
            wrapper = quantized.get_layer(f"quant_{layer.name}")
            (kernel,) = [weight for weight in wrapper.weights if "kernel:" in weight.name]
            np.testing.assert_array_equal(kernel.numpy(), layer.get_weights()[0])


@pytest.mark.parametrize("name", plugins.own_names(plugins.ARCHITECTURES))
def test_an_architecture_trains_converts_and_runs(name, tmp_path, fer_edge, small_recipe):
    faces = make_faces(per_class=4, validation_per_class=2)
    faces = dataclasses.replace(faces, votes=np.ones((len(faces), 10), np.uint8))  # `compact` asks
    run(quick(small_recipe(name)), faces, tmp_path / name, qat=True)
    frozen_stays_frozen(tmp_path / name)
    options = Options(gate=Gate(max_drop_points=100))
    results = convert_source(open_run(tmp_path / name), faces, tmp_path / "models", options)
    assert len(results) == 3
    for item in results[1:]:
        graph = read_graph(read_model(item.path).flatbuffer)
        tensors = [t for o in graph.operators for t in (*o.inputs, *o.outputs)]
        assert {tensor.dtype for tensor in tensors} <= {"INT8", "UINT8", "INT32"}
        inside = [operator.name for operator in graph.operators[1:-1]]
        assert not {"QUANTIZE", "DEQUANTIZE"} & set(inside)
    picture = tmp_path / "face.png"
    cv2.imwrite(str(picture), draw_face(3, 0))
    result = fer_edge(
        *("run", "--input", picture, "--detector", "none", "--model", results[2].path),
        *("--uncertain-below", "0"),
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["faces"][0]["label"] in faces.class_names


@pytest.mark.parametrize("limit", [("compact", 1_000_000), ("tiny", 100_000)])
def test_our_own_networks_keep_their_size(limit):
    name, size_bytes = limit
    network = load_recipe(name).network.build(keras, size_px=48, classes=7)
    assert network.count_params() < 0.9 * size_bytes


@pytest.mark.parametrize(
    "changes",
    [
        *({"optimizer": Optimizer(kind)} for kind in ("adam", "adamw", "sgd", "rmsprop")),
        {"optimizer": Optimizer("sgd", weight_decay=1e-3, average=0.9)},
        {"loss": Loss("focal")},
        {"augmentation": Augmentation(10, 0.1, 0.1, True, 0.1, 0.1, 0.5, 0.5, 0.5, 0.1, 0.4)},
    ],
    ids=str,
)
def test_a_recipes_parts_train(changes, tmp_path):
    recipe = quick(Recipe(network=SMALL), **changes)
    assert run(recipe, make_faces(), tmp_path / "run").every_face.n == 28


def test_quantization_starts_from_the_float_networks_ranges():
    """Else activations of 0 to 1 keep a tenth of int8's steps until thousands of batches are by."""
    from fer_edge.training.loop.quantized_network import quantized_copy, settle_ranges

    faces = make_faces()
    network = SMALL.build(keras, size_px=48, classes=7)
    quantized = quantized_copy(network, SMALL, size_px=48)
    settle_ranges(quantized, network, faces.images)
    relu = keras.Model(network.input, network.get_layer("conv1_relu").output)
    seen = np.asarray(relu(faces.images[..., np.newaxis] / np.float32(255)))
    weights = quantized.get_layer("quant_conv1_relu").weights
    low, high = (
        next(float(w) for w in weights if w.name.endswith(f"output_{bound}:0"))
        for bound in ("min", "max")
    )
    assert low == 0 and 0.8 * seen.max() < high <= seen.max() + 1e-5


def test_averaged_weights_are_what_is_kept(tmp_path):
    """With a decay near 1 the average stays where the first step led."""
    recipe = quick(Recipe(network=SMALL, learning_rate=0.05))
    for name, average in (("plain", 0.0), ("averaged", 0.9999)):
        settings = Optimizer("sgd", average=average)
        run(dataclasses.replace(recipe, optimizer=settings), make_faces(), tmp_path / name)
    keras.utils.set_random_seed(recipe.seed)
    first = SMALL.build(keras, size_px=48, classes=7).get_weights()[0]
    plain, averaged = (
        np.abs(keras.models.load_model(tmp_path / name / "model.keras").get_weights()[0] - first)
        for name in ("plain", "averaged")
    )
    assert 0 < averaged.max() < 0.5 * plain.max()


def test_fine_tuning_starts_from_another_runs_weights(tmp_path):
    faces = make_faces()
    run(quick(Recipe(network=SMALL)), faces, tmp_path / "first")
    still = quick(Recipe(network=SMALL, learning_rate=1e-9, start=str(tmp_path / "first")))
    run(still, faces, tmp_path / "second")
    first, second = (
        keras.models.load_model(tmp_path / name / "model.keras").get_weights()[0]
        for name in ("first", "second")
    )
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_weights_of_another_architecture_are_refused(tmp_path):
    run(quick(Recipe(network=SMALL)), make_faces(), tmp_path / "first")
    other = Recipe(network=FourBlock(filters=(4, 4, 4, 4)), start=str(tmp_path / "first"))
    with pytest.raises(TrainingError, match="do not fit"):
        run(other, make_faces(), tmp_path / "second")
