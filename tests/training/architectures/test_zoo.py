"""Training with each optimizer, loss and teacher."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import TrainingError
from fer_edge.training.architectures import FourBlock
from fer_edge.training.recipes.recipe import Augmentation, Loss, Optimizer, Recipe, load_recipe
from tests.support.cartoons import make_faces
from tests.support.whole_way import quick, run

pytestmark = pytest.mark.train
SMALL = FourBlock(filters=(4, 4, 8, 8), dense_units=8)


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
    """Otherwise, activations of 0 to 1 use a tenth of int8's steps for thousands of batches."""
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
    """With a decay near 1, the average stays close to the weights after the first step."""
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
