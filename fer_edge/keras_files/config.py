"""The configuration of a Keras file, read without Keras and written into a copy.

A `.keras` file is a ZIP with `config.json`, `metadata.json` and `model.weights.h5`; an `.h5` file
stores the configuration in its attribute `model_config`. The loader gets a copy with the checked
configuration and the weights only: no optimizer, no assets, no second entry of the same name.
"""

import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from fer_edge.archives import METHODS
from fer_edge.errors import ModelError
from fer_edge.keras_files.hdf5_arrays import check_arrays
from fer_edge.keras_files.hdf5_trial import try_hdf5

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_CONFIG_BYTES = 64 << 20
MAX_WEIGHTS_BYTES = 4 << 30
"""Larger than any network for a small computer; a damaged or malicious file declares more."""

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

_DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError),
    *(RecursionError, MemoryError, SystemError),
)
"""Exceptions of zipfile, json and h5py for damaged files."""


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The configuration of a Keras file.

    Attributes:
        path: The file.
        container: Storage format.
        root: Configuration parsed from JSON, without training settings.
        keras_version: Version of Keras that wrote it; empty if not stated.
    """

    path: Path
    container: Literal["zip", "hdf5"]
    root: Any
    keras_version: str = ""

    @property
    def keras_major(self) -> int | None:
        """2 for tf-keras and TensorFlow up to 2.15, 3 for Keras 3, None if it is not stated."""
        first = self.keras_version.partition(".")[0]
        return int(first) if first.isdecimal() and len(first) < 3 else None


def read_config(path: Path) -> NetworkConfig:
    """Read the configuration of a `.keras` or `.h5` file.

    Raises:
        ModelError: The file is damaged, or contains weights only.
    """
    with damage_is_one_line(path):
        if is_hdf5(path):
            try_hdf5(path, str(path))
            found = _read_hdf5(path)
        else:
            found = _read_zip(path)
    if not isinstance(found.root, dict):
        raise ModelError(
            f"{path} cannot be read as a Keras model: its configuration is "
            f"{type(found.root).__name__}, expected an object"
        )
    return found


def write_checked(config: NetworkConfig, root: Any, folder: Path) -> Path:
    """Write a copy of a file with another configuration and only its weights.

    Args:
        config: Configuration of the file.
        root: Configuration to write.
        folder: Folder for the copy.

    Raises:
        ModelError: The file is damaged, or its weights are in other files.
    """
    text = json.dumps(root)
    with damage_is_one_line(config.path):
        if config.container == "hdf5":
            return _write_hdf5(config, text, folder / "network.h5")
        return _write_zip(config, text, folder / "network.keras")


def is_hdf5(path: Path) -> bool:
    """Return whether a file is HDF5 by its first bytes, whatever its name is."""
    with path.open("rb") as file:
        return file.read(len(HDF5_MAGIC)) == HDF5_MAGIC


@contextmanager
def damage_is_one_line(path: Path) -> Iterator[None]:
    """Turn exceptions of zipfile, json and h5py into one clear line."""
    try:
        yield
    except _DAMAGE as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"{path} cannot be read as a Keras model: {reason[:200]}") from error


def _read_zip(path: Path) -> NetworkConfig:
    with _open_zip(path) as archive:
        names = archive.namelist()
        if CONFIG not in names:
            raise ModelError(
                f"{path} cannot be read as a Keras model: it has no {CONFIG}; "
                "save the whole network with model.save('network.keras')"
            )
        root = _parse(_read_entry(archive, CONFIG))
        metadata = _parse(_read_entry(archive, METADATA)) if METADATA in names else {}
    version = metadata.get("keras_version") if isinstance(metadata, dict) else ""
    return NetworkConfig(path, "zip", _without_training(root), str(version or ""))


def _read_hdf5(path: Path) -> NetworkConfig:
    import h5py

    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise ModelError(_no_network(path, file))
        if len(text) > MAX_CONFIG_BYTES:
            raise ValueError(f"its configuration has {len(text)} bytes")
        version = file.attrs.get("keras_version", "")
        if isinstance(version, bytes):
            version = version.decode("utf-8", "replace")
        root = _parse(text)
    return NetworkConfig(path, "hdf5", _without_training(root), str(version))


def _no_network(path: Path, file: Any) -> str:
    if any(name in file.attrs for name in ("layer_names", "keras_version", "backend")) or any(
        name in file for name in ("layers", "_layer_checkpoint_dependencies", "vars")
    ):
        return (
            f"{path} contains weights without a network; build the network, load the weights "
            "with model.load_weights, save it whole with model.save('network.keras') and "
            "convert that file"
        )
    return (
        f"{path} is an HDF5 file without a Keras network (no attribute model_config); save the "
        "whole network with model.save('network.keras')"
    )


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(_entry(archive, name, MAX_CONFIG_BYTES))


def _entry(archive: zipfile.ZipFile, name: str, most_bytes: int) -> zipfile.ZipInfo:
    """Return an entry whose size and compression limit what it unpacks to."""
    entry = archive.getinfo(name)
    if entry.file_size > most_bytes:
        raise ValueError(f"{name} states {entry.file_size} bytes, expected at most {most_bytes}")
    if entry.compress_type not in METHODS:
        raise ValueError(f"{name} is not stored or deflated")
    return entry


def _parse(text: str | bytes) -> Any:
    return json.loads(text)


def _without_training(root: Any) -> Any:
    """Drop optimizers, losses and metrics: they are not needed and may be custom code."""
    stack = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            value.pop("compile_config", None)
        if isinstance(value, dict | list):
            stack += value.values() if isinstance(value, dict) else value
    return root


def _write_zip(config: NetworkConfig, text: str, target: Path) -> Path:
    weights = extract_weights(config.path, target.parent, MAX_WEIGHTS_BYTES)
    check_arrays(weights, MAX_WEIGHTS_BYTES)
    with zipfile.ZipFile(target, "w") as made:
        made.writestr(METADATA, json.dumps({"keras_version": config.keras_version}))
        made.writestr(CONFIG, text)
        made.write(weights, WEIGHTS)
    weights.unlink()
    return target


def extract_weights(path: Path, folder: Path, most_bytes: int) -> Path:
    """Copy the weights of a `.keras` file into a folder, and try them in a child process.

    Raises:
        ModelError: The file has no weights, or they hang or crash HDF5.
        ValueError: They declare more than `most_bytes`; other exceptions of a damaged file, for
            `damage_is_one_line`.
    """
    weights = folder / WEIGHTS
    with _open_zip(path) as archive:
        if WEIGHTS not in archive.namelist():
            raise ModelError(
                f"{path} cannot be read as a Keras model: it has no {WEIGHTS}; save the "
                "whole network with model.save('network.keras')"
            )
        size = _entry(archive, WEIGHTS, most_bytes).file_size
        with archive.open(WEIGHTS) as source, weights.open("wb") as copy:
            _copy(source, copy, size)
    try_hdf5(weights, str(path))
    return weights


def _open_zip(path: Path) -> zipfile.ZipFile:
    if not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path} cannot be read as a Keras model: it is neither a .keras (ZIP) nor an .h5 "
            "(HDF5) file; it may be damaged or truncated"
        )
    return zipfile.ZipFile(path)


def _copy(source: IO[bytes], copy: IO[bytes], size: int) -> None:
    shutil.copyfileobj(source, copy)
    if copy.tell() != size:
        raise ValueError(f"{WEIGHTS} is truncated")


def _write_hdf5(config: NetworkConfig, text: str, target: Path) -> Path:
    import h5py

    shutil.copyfile(config.path, target)
    check_arrays(target, MAX_WEIGHTS_BYTES)
    with h5py.File(target, "r+") as file:
        file.attrs["model_config"] = text
        file.attrs.pop("training_config", None)
    return target
