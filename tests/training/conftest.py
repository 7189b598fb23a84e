"""Fixtures of the training tests."""

import dataclasses
import sys
from pathlib import Path

import pytest

from fer_edge.training.recipes.recipe import Recipe, load_recipe

NARROW = {
    "four-block": {"filters": (4, 4, 8, 8), "dense_units": 16},
    "lenet": {"resized_px": 64},
    "deep-4x4": {"dense_units": 16},
    "mini-xception": {"stem": 4, "widths": (4, 8, 8, 12)},
    "compact": {"stem": 8, "widths": (8, 12, 16), "blocks": (2, 1, 1)},
    "tiny": {"stem": 4, "widths": (8, 12), "blocks": (2, 1)},
    "efficientnet-lite": {"enlarge": 1},
    "mobilenet-face": {"enlarge": 1, "width": 0.25},
}
"""Architecture -> settings for a network of equal layer types that trains in seconds."""


@pytest.fixture(scope="session")
def resnet50_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of random weights in the format of the published weights, written by tf-keras."""
    import numpy as np
    import tf_keras

    name = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    path = tmp_path_factory.mktemp("weights") / name
    base = tf_keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    # new normalizations have only ones and zeros, which would not show swapped weights
    base.get_layer("conv2_block1_0_bn").set_weights([np.full(256, v) for v in (0.5, 1, 2, 3)])
    base.save_weights(path)
    return path


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the plots of a run, a second each: the run of the fixture `trained` has them."""
    if sys.modules.get("tensorflow"):
        from fer_edge.training import run

        for name in ("plot_curves", "plot_confusion"):
            monkeypatch.setattr(run, name, lambda *arguments: arguments[-1].touch())


@pytest.fixture
def small_recipe(request: pytest.FixtureRequest):
    """Function that loads the recipe of an architecture with a narrow network."""

    def load(name: str) -> Recipe:
        if name == "resnet50":
            weights = request.getfixturevalue("resnet50_weights")
            return load_recipe(name, size_px=32, weights=str(weights))
        recipe = load_recipe(name)
        network = dataclasses.replace(recipe.network, **NARROW.get(name, {}))
        return dataclasses.replace(recipe, size_px=min(recipe.size_px, 48), network=network)

    return load
