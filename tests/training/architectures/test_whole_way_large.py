"""Training, conversion and `run` of the large architectures."""

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from tests.support.whole_way import go_the_whole_way

pytestmark = pytest.mark.train


def test_efficientnet_lite_trains_converts_and_runs(tmp_path, fer_edge, small_recipe):
    go_the_whole_way(small_recipe("efficientnet-lite"), tmp_path, fer_edge)


def test_resnet50_trains_converts_and_runs(tmp_path, fer_edge, small_recipe):
    # without QAT: wrapping, training and converting 50 layers again takes a minute
    go_the_whole_way(small_recipe("resnet50"), tmp_path, fer_edge, qat=False)
