"""The network of a run folder from elsewhere: checked before Keras creates it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import TrainingError
from fer_edge.training.warm_start.trained import load_float_network

pytestmark = pytest.mark.train


def save(folder: Path, **changes: Any) -> None:
    """Write the network of a run with a changed convolution."""
    layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()]
    keras.Sequential(layers).save(folder / "whole.keras")
    with (
        zipfile.ZipFile(folder / "whole.keras") as whole,
        zipfile.ZipFile(folder / "model.keras", "w") as changed,
    ):
        config = json.loads(whole.read("config.json"))
        next(
            layer for layer in config["config"]["layers"] if layer["class_name"] == "Conv2D"
        ).update(**{"config": {"filters": 2, "kernel_size": 3}, **changes})
        changed.writestr("config.json", json.dumps(config))
        for name in ("metadata.json", "model.weights.h5"):
            changed.writestr(name, whole.read(name))


def test_a_stock_network_is_read(tmp_path: Path) -> None:
    save(tmp_path)
    assert load_float_network(tmp_path).output_shape == (None, 72)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": {"filters": 300_000_000, "kernel_size": 3}}, "filters is 300000000, expected"),
        ({"class_name": "Lambda"}, "has a Lambda layer"),
        ({"class_name": "TFSMLayer"}, "loads other files or code"),
        ({"module": "elsewhere", "class_name": "Evil"}, "Evil that Keras does not know"),
    ],
)
def test_a_network_that_is_not_a_stock_one_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    save(tmp_path, **changes)
    with pytest.raises(TrainingError, match=f"{words}.*start again with --overwrite") as caught:
        load_float_network(tmp_path)
    assert "\n" not in str(caught.value)
