"""Mixed precision: layers compute in 16 bits, and saved networks do not."""

import contextlib
import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.architectures import FourBlock
from fer_edge.training.backend.precision import learning_copy, scaled
from fer_edge.training.loop import float_stage
from fer_edge.training.recipes.recipe import Optimizer, Recipe
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train

RECIPE = Recipe(
    epochs=2,
    batch_size=8,
    network=FourBlock(filters=(4, 4, 8, 8), dense_units=16),
    precision="float16",
)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_all_but_the_softmax_computes_in_the_precision(precision):
    network = RECIPE.network.build(keras, size_px=48, classes=7)
    learner = learning_copy(network, precision)
    *layers, last = learner.layers[1:]
    assert {layer.compute_dtype for layer in layers} == {precision}
    assert last.compute_dtype == "float32"
    assert {weight.dtype for weight in learner.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"

    face = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    said, wanted = (keras.ops.convert_to_numpy(model(face)) for model in (learner, network))
    assert said.dtype == np.float32
    np.testing.assert_allclose(said, wanted, atol=0.02)
    assert (said == wanted).all() == (precision == "float32")


def test_float16_scales_the_loss():
    optimizer = keras.optimizers.Adam()
    assert isinstance(scaled(optimizer, "float16"), keras.optimizers.LossScaleOptimizer)
    assert scaled(optimizer, "bfloat16") is optimizer


def test_a_resumed_float16_run_equals_an_uninterrupted_one_and_keeps_float32(tmp_path):
    recipe = dataclasses.replace(RECIPE, optimizer=Optimizer(average=0.9))
    faces = make_faces()

    def run(name, stop_after):
        epochs = []

        def report(epoch):
            epochs.append(epoch)
            if epoch.number == stop_after:
                raise KeyboardInterrupt

        (tmp_path / name).mkdir(exist_ok=True)
        with contextlib.suppress(KeyboardInterrupt):
            float_stage.train_float(recipe, faces, tmp_path / name, on_epoch=report)
        return epochs

    whole = run("whole", stop_after=None)
    parts = run("parts", stop_after=1) + run("parts", stop_after=None)
    for one, other in zip(whole, parts, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-3)
    saved = keras.models.load_model(tmp_path / "whole" / "model.keras", compile=False)
    assert {layer.dtype_policy.name for layer in saved.layers} == {"float32"}
