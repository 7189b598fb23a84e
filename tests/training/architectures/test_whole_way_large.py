"""Training, conversion and `run` of the large architectures. Run by `make test-large`.

Their kinds of layers are in other architectures; tests/training/architectures has their networks.
"""

import os

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from tests.support.whole_way import go_the_whole_way

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif("FER_EDGE_LARGE" not in os.environ, reason="run by make test-large"),
]


@pytest.mark.parametrize("name", ["efficientnet-lite", "resnet50"])
def test_a_large_one_trains_converts_and_runs(name, tmp_path, fer_edge, small_recipe):
    # without QAT: wrapping, training and converting 50 layers again takes a minute; their kinds of
    # layers are in mobilenet-face and compact
    go_the_whole_way(small_recipe(name), tmp_path, fer_edge, qat=False)
