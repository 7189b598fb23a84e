"""The large architectures go train -> convert -> run."""

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from tests.support.whole_way import go_the_whole_way

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", ["resnet50", "efficientnet-lite"])
def test_an_architecture_trains_converts_and_runs(name, tmp_path, fer_edge, small_recipe):
    go_the_whole_way(small_recipe(name), tmp_path, fer_edge)
