"""Pretrained base: `--weights` for architectures that have one."""

import dataclasses
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import plugins
from fer_edge.training import load_recipe
from fer_edge.training.warm_start.pretrained import load_base_weights
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train
FACES = np.zeros((1, 48, 48), np.uint8)


@dataclasses.dataclass(frozen=True)
class Bright:
    """Another package's architecture, whose weights are one number."""

    weights: str = "none"

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        face = keras.Input((size_px, size_px, 1), name="face")
        x = keras.layers.GlobalAveragePooling2D(name="average")(face)
        return keras.Model(face, keras.layers.Dense(classes, "softmax", name="expression")(x))

    def load_weights(self, keras: Any, network: Any, images: Any) -> None:
        kernel = network.get_layer("expression").kernel
        kernel.assign(keras.ops.full(kernel.shape, float(self.weights)))


def test_an_architecture_of_another_package_takes_weights(monkeypatch):
    load = plugins.load
    monkeypatch.setattr(
        plugins, "load", lambda group, name: Bright if name == "bright" else load(group, name)
    )
    recipe = load_recipe("four-block", architecture="bright", weights="0.5")
    network = recipe.network.build(keras, size_px=48, classes=7)
    load_base_weights(recipe.network, network, FACES)
    assert np.all(network.get_layer("expression").get_weights()[0] == 0.5)
    before = network.get_weights()
    load_base_weights(Bright(), network, FACES)  # none
    for ours, theirs in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_architecture_without_pretrained_weights_says_so(tmp_path, fer_edge):
    result = fer_edge(
        *("train", "--data", tmp_path, "--recipe", "four-block", "--weights", "imagenet"),
        *("--out", tmp_path / "run"),
    )
    assert_one_clear_line(result, "four-block", "no pretrained weights", "resnet50")
