"""Small network files of both Keras versions, and changes of their configurations."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import tf_keras

KINDS = ("keras3.keras", "keras3.h5", "keras2.keras", "keras2.h5")
"""Kinds of network files: the version of Keras that wrote it, and the format."""

Config = dict[str, Any]


def keras_of(kind: str) -> Any:
    """Return the Keras module that writes files of this kind."""
    return keras if kind.startswith("keras3") else tf_keras


def small_network(module: Any, *middle: Any, activation: str = "softmax", classes: int = 7) -> Any:
    """Build a network for gray 48x48 faces, with the given layers in the middle."""
    layers = module.layers
    face = x = module.Input((48, 48, 1))
    x = layers.Conv2D(4, 5, strides=4, activation="relu")(x)
    for layer in middle:
        x = layer(x)
    x = layers.GlobalAveragePooling2D()(x)
    return module.Model(face, layers.Dense(classes, activation=activation)(x))


def saved(network: Any, path: Path) -> Path:
    """Save a network in the format of the path's suffix; return the path."""
    network.save(path)
    return path


def change_config(path: Path, change: Callable[[Config], None]) -> Path:
    """Change the configuration in a `.keras` or `.h5` file."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            change(config)
            file.attrs["model_config"] = json.dumps(config)
        return path
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(entries["config.json"])
    change(config)
    entries["config.json"] = json.dumps(config).encode()
    return write_entries(path, entries)


def write_entries(path: Path, entries: dict[str, bytes]) -> Path:
    """Write a ZIP file of these entries; return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def layer_of(config: Config, class_name: str) -> Config:
    """Return the first layer of a class in a configuration."""
    return next(item for item in config["config"]["layers"] if item["class_name"] == class_name)


def as_run_folder(run: Path, copy: Path, network: Path) -> Path:
    """Copy a run folder with another network: an .h5 file becomes qat.h5, others model.keras."""
    shutil.copytree(run, copy)
    shutil.copy(network, copy / ("qat.h5" if network.suffix == ".h5" else "model.keras"))
    return copy
