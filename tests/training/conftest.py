"""Shared by the training tests."""

from pathlib import Path

import pytest

from fer_edge.training.recipe import Recipe, load_recipe


@pytest.fixture(scope="session")
def resnet50_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in a file of the published one's format, which tf-keras writes."""
    import numpy as np
    import tf_keras

    name = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    path = tmp_path_factory.mktemp("weights") / name
    base = tf_keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    # as built, normalisation holds ones and zeros only, in which an exchange would not show
    base.get_layer("conv2_block1_0_bn").set_weights([np.full(256, v) for v in (0.5, 1, 2, 3)])
    base.save_weights(path)
    return path


@pytest.fixture
def small_recipe(request: pytest.FixtureRequest):
    """Load an architecture's recipe; resnet50's with a small input and the file above."""

    def load(name: str) -> Recipe:
        if name != "resnet50":
            return load_recipe(name)
        weights = request.getfixturevalue("resnet50_weights")
        return load_recipe(name, size_px=32, weights=str(weights))

    return load
