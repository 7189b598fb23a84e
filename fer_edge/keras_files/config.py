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

from fer_edge.errors import ModelError
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
    if not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path} cannot be read as a Keras model: it is neither a .keras (ZIP) nor an .h5 "
            "(HDF5) file; it may be damaged or truncated"
        )
    with zipfile.ZipFile(path) as archive:
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
    size = archive.getinfo(name).file_size
    if size > MAX_CONFIG_BYTES:
        raise ValueError(f"{name} states {size} bytes, expected at most {MAX_CONFIG_BYTES}")
    return archive.read(name)


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
    weights = target.with_name(WEIGHTS)
    with zipfile.ZipFile(config.path) as archive:
        if WEIGHTS not in archive.namelist():
            raise ModelError(
                f"{config.path} cannot be read as a Keras model: it has no {WEIGHTS}; save the "
                "whole network with model.save('network.keras')"
            )
        size = archive.getinfo(WEIGHTS).file_size
        if size > MAX_WEIGHTS_BYTES:
            raise ValueError(f"{WEIGHTS} states {size} bytes, expected at most {MAX_WEIGHTS_BYTES}")
        with archive.open(WEIGHTS) as source, weights.open("wb") as copy:
            _copy(source, copy, size)
    try_hdf5(weights, str(config.path))
    _check_datasets(weights)
    with zipfile.ZipFile(target, "w") as made:
        made.writestr(METADATA, json.dumps({"keras_version": config.keras_version}))
        made.writestr(CONFIG, text)
        made.write(weights, WEIGHTS)
    weights.unlink()
    return target


def _copy(source: IO[bytes], copy: IO[bytes], size: int) -> None:
    shutil.copyfileobj(source, copy)
    if copy.tell() != size:
        raise ValueError(f"{WEIGHTS} is truncated")


def _write_hdf5(config: NetworkConfig, text: str, target: Path) -> Path:
    import h5py

    shutil.copyfile(config.path, target)
    _check_datasets(target)
    with h5py.File(target, "r+") as file:
        file.attrs["model_config"] = text
        file.attrs.pop("training_config", None)
    return target


def _check_datasets(path: Path) -> None:
    """Reject arrays that HDF5 would load from other files, or that do not fit into memory."""
    import h5py

    total = 0
    with h5py.File(path, "r") as file:
        groups, seen = [file["/"]], set()
        while groups:  # h5py's visitor turns exceptions for a damaged file into a SystemError
            group = groups.pop()
            for name in group:
                if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                    raise ValueError(f"its array {name} lies in another file")
                found = group.get(name)
                if isinstance(found, h5py.Dataset):
                    if found.external or found.is_virtual:
                        raise ValueError(f"its array {name} lies in another file")
                    total += int(found.nbytes)
                elif isinstance(found, h5py.Group):
                    place = h5py.h5o.get_info(found.id).addr
                    groups += [found] if place not in seen else []
                    seen.add(place)  # a group may contain itself
                if total > MAX_WEIGHTS_BYTES:
                    raise ValueError("its arrays state more bytes than a network")
