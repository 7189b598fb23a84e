"""Doors of the converters: Keras files and SavedModels, in child processes with TensorFlow."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.door import Door
from tests.fuzz.mutations import of_bytes, of_json, of_zip


def _networks_as(suffix: str) -> Callable[[], list[bytes]]:
    """Return a function that makes valid files: two networks, each by Keras 3 and Keras 2."""

    def seeds() -> list[bytes]:
        import keras
        import tf_keras

        from tests.support.network_files import saved, small_network

        found = []
        with tempfile.TemporaryDirectory() as folder:
            for number, module in enumerate((keras, tf_keras)):
                layers = module.layers
                middle = [layers.BatchNormalization(), layers.DepthwiseConv2D(3), layers.ReLU(6.0)]
                for more in ([], middle):
                    path = Path(folder) / f"n{number}{len(more)}.{suffix}"
                    found.append(saved(small_network(module, *more), path).read_bytes())
        return found

    return seeds


def _read_keras(suffix: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        from fer_edge.converters.sources.keras_models import load_any_network

        path = folder / f"n.{suffix}"
        path.write_bytes(data)
        load_any_network(path)

    return read


def _config_or_bytes(chance: random.Random, data: bytes) -> bytes:
    return of_json(chance, data) if data[:1] == b"{" else of_bytes(b"\x89HDF")(chance, data)


def _of_hdf5(chance: random.Random, data: bytes) -> bytes:
    from tests.fuzz.network_mutations import of_hdf5

    return of_hdf5(chance, data)


def _of_saved_model(chance: random.Random, data: bytes) -> bytes:
    from tests.fuzz.network_mutations import of_saved_model

    return of_saved_model(chance, data)


def _saved_models() -> list[bytes]:
    """Return SavedModels with constants only, so that saved_model.pb is the whole model."""
    import tensorflow as tf

    picture = tf.TensorSpec((1, 8, 8, 1), tf.float32)

    def flat(face: Any) -> Any:
        return tf.nn.softmax(tf.reshape(face, (1, 64)) @ tf.ones((64, 4)))

    def deep(face: Any) -> Any:
        made = tf.nn.relu(tf.nn.conv2d(face, tf.ones((3, 3, 1, 4)), 1, "SAME"))
        return tf.nn.sigmoid(tf.reduce_mean(made, (1, 2)))

    found = []
    for serve in (flat, deep):
        with tempfile.TemporaryDirectory() as folder:
            module = tf.Module()
            module.serve = tf.function(serve, input_signature=[picture])
            tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
            found.append((Path(folder) / "saved_model.pb").read_bytes())
    return found


def _read_saved_model(data: bytes, folder: Path) -> None:
    from fer_edge.converters.sources.graph_safety import read_meta_graph

    (folder / "saved_model.pb").write_bytes(data)
    read_meta_graph(folder)


def _open_saved_model(data: bytes, folder: Path) -> None:
    from fer_edge.converters.sources.saved_model import open_saved_model

    (folder / "saved_model.pb").write_bytes(data)
    open_saved_model(folder)


def _door(name: str, seeds: Any, mutate: Any, read: Any) -> Door:
    return Door(name, seeds, mutate, read, is_native=True, most=0)


NETWORK_DOORS = (
    _door("keras", _networks_as("keras"), of_zip(_config_or_bytes), _read_keras("keras")),
    _door("h5", _networks_as("h5"), _of_hdf5, _read_keras("h5")),
    _door("saved-model", _saved_models, _of_saved_model, _read_saved_model),
    _door("saved-model-opened", _saved_models, _of_saved_model, _open_saved_model),
)
