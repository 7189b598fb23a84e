"""The names of a face set's classes: what they may be, and how a `.npz` stores them."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.shown import unwritable

MOST_CLASSES = 256
"""Labels are stored as uint8."""

_SHOWN = 60


def check_class_names(names: tuple[str, ...]) -> None:
    """Check that classes can be numbered, written to labels.txt and shown in a terminal.

    Raises:
        DatasetError: There are too few, too many or equal names, or a name is empty or has a
            character that cannot be written in a line of text.
    """
    if not 2 <= len(names) <= MOST_CLASSES:
        shown = f" ({', '.join(map(_shown, names))})" if 0 < len(names) < 3 else ""
        noun = "class" if len(names) == 1 else "classes"
        raise DatasetError(
            f"the faces have {len(names)} {noun}{shown}; expected 2 to {MOST_CLASSES}"
        )
    for name in names:
        if not name.strip():
            raise DatasetError(f"class name {_shown(name)} is empty; expected text: rename it")
        problem = unwritable(name)
        if problem is not None:
            raise DatasetError(
                f"class name {_shown(name)} contains {problem}; expected one line of printable "
                "text in UTF-8: rename it"
            )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DatasetError(f"the class name {_shown(twice)} occurs twice; expected different names")


def read_class_names(array: NDArray[Any]) -> tuple[str, ...]:
    """Return the names in the array `class_names` of a `.npz`: Unicode, or bytes in UTF-8.

    Raises:
        DatasetError: It is not a list of texts, or has more than a face set may have.
    """
    if array.ndim != 1 or array.dtype.kind not in "US":
        raise DatasetError(
            f"'class_names' is {array.dtype} {array.shape}; expected a list of texts: "
            "np.array(['sad', 'happy'])"
        )
    if len(array) > MOST_CLASSES:  # a small file declares billions of empty texts
        raise DatasetError(f"the faces have {len(array)} classes; expected 2 to {MOST_CLASSES}")
    if array.dtype.kind == "U":
        if array.itemsize:
            code = np.dtype(np.uint32).newbyteorder(array.dtype.byteorder)
            # Python does not check this, and fails with a SystemError at the first use
            if np.ascontiguousarray(array).view(code).max(initial=0) > sys.maxunicode:
                raise DatasetError("'class_names' is damaged: some are not characters")
        return tuple(map(str, array))
    try:
        return tuple(bytes(name).decode() for name in array)
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"'class_names' has the bytes {error.object[:_SHOWN]!r}; expected text in UTF-8: store "
            "it as np.array(['sad', 'happy'])"
        ) from error


def _shown(name: str) -> str:
    return repr(name[:_SHOWN])
