"""Training, conversion and `run` of each architecture."""

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import plugins
from tests.support.whole_way import go_the_whole_way

pytestmark = pytest.mark.train
LARGE = {"resnet50", "efficientnet-lite"}  # `make test-large`
NO_NEWS = {"lenet", "tiny", "four-block", "four-block-56", "deep-4x4"}
"""Tested without QAT: their layers are in other architectures, or in the run that tests share."""


@pytest.mark.parametrize("name", sorted(set(plugins.own_names(plugins.ARCHITECTURES)) - LARGE))
def test_an_architecture_trains_converts_and_runs(name, tmp_path, fer_edge, small_recipe):
    go_the_whole_way(small_recipe(name), tmp_path, fer_edge, qat=name not in NO_NEWS)


def test_the_large_ones_exist():
    assert set(plugins.own_names(plugins.ARCHITECTURES)) >= LARGE
