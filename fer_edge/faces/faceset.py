"""A face set: gray face crops with labels and splits, in one `.npz` file.

FER2013's `Usage` becomes the split: Training is `train`, PublicTest is `validation` (for selecting
models), PrivateTest is `test`.
"""

import difflib
import hashlib
import logging
import math
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.archives import ArchiveError, check_archive_file
from fer_edge.errors import ConfigError, DatasetError
from fer_edge.faces.class_names import check_class_names, read_class_names
from fer_edge.faces.groups import Grouping
from fer_edge.faces.labels import FER2013
from fer_edge.faces.votes import trusted_votes
from fer_edge.files import UNREADABLE_ARCHIVE, check_no_named_pipe, whole_file
from fer_edge.limits import memory_bytes, too_large

log = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
"""Names of the split codes 0, 1 and 2."""

_KNOWN_OTHERS = ("split_names", "ferplus_names", "pixels_lossless", "dup_in_train")
"""In public copies of FER2013; they are not needed."""

_SPLIT_CODES = "0 train, 1 validation or 2 test"

_ARRAYS = (
    *("images", "labels", "split", "class_names", "twins"),
    *("votes", "ferplus", "ferplus_valid"),
)
"""Arrays that are read; the first three are required."""

_BYTES_PER_FACE = 64
"""Memory for indices and hashes of a face, in addition to its pixels."""

# in addition to a damaged archive: an array of unexpected shape or type, a header that breaks
# NumPy's parser of Python literals
_UNREADABLE = (*UNREADABLE_ARCHIVE, TypeError, LookupError, SyntaxError, tokenize.TokenError)


@dataclass(frozen=True)
class FaceSet:
    """Gray faces of one size.

    Attributes:
        images: uint8, (n, side, side), gray, 0 to 255; at least one pixel each.
        labels: uint8, (n,), index into `class_names`.
        split: uint8, (n,): 0 train, 1 validation, 2 test.
        class_names: Classes in label order.
        votes: uint8, (n, 10), FER+ votes in FER+'s order (neutral, happiness, surprise, sadness,
            anger, disgust, fear, contempt, unknown, not a face), all zero if unknown.
        twins: bool, (n,), faces outside `train` that are identical to a face in `train`. None
            computes them; a subset keeps the values of the whole set.
        groups: Groupings of the faces, which a benchmark scores separately; not stored in the file.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    split: NDArray[np.uint8]
    class_names: tuple[str, ...]
    votes: NDArray[np.uint8] | None = None
    twins: NDArray[np.bool_] | None = None
    groups: tuple[Grouping, ...] = ()

    def __post_init__(self) -> None:
        _check("images", self.images, "(n, side, side)", self.images.ndim == 3)
        n = len(self.images)
        _check("labels", self.labels, f"({n},)", self.labels.shape == (n,))
        _check("split", self.split, f"({n},)", self.split.shape == (n,))
        if self.votes is not None:
            _check("votes", self.votes, f"({n}, 10)", self.votes.shape == (n, 10))
        twins = self.twins
        if twins is not None and (twins.dtype != np.bool_ or twins.shape != (n,)):
            raise DatasetError(f"'twins' is {twins.dtype} {twins.shape}; expected bool ({n},)")
        if n == 0:
            raise DatasetError("the face set is empty; expected at least one face")
        if not self.images[0].size:
            raise DatasetError(f"'images' is {self.images.shape}; expected faces with pixels")
        height, width = self.images.shape[1:]
        if height != width:  # at runtime, every face is a square crop
            raise DatasetError(
                f"the faces are {height}x{width} pixels; expected squares: crop or pad them"
            )
        check_class_names(self.class_names)
        classes = len(self.class_names)
        _check_range("label", self.labels, classes, f"0 to {classes - 1} for {classes} classes")
        _check_range("split code", self.split, len(SPLITS), _SPLIT_CODES)

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def digest(self) -> str:
        """Sha256 of pixels, labels, splits and class names: the data's identity in a card."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels, self.split):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\n".join(self.class_names).encode())
        return digest.hexdigest()

    @cached_property
    def pictures(self) -> NDArray[np.int64]:
        """Identify duplicate pictures: int64, (n,), the first row with identical pixels."""
        found = (hash(image.tobytes()) for image in self.images)
        hashes = np.fromiter(found, np.int64, len(self.images))
        _, first, numbers = np.unique(hashes, return_index=True, return_inverse=True)
        return first[numbers]

    @cached_property
    def duplicates(self) -> NDArray[np.bool_]:
        """Mark faces outside `train` that are identical to a face in `train`.

        Returns:
            bool, (n,). FER2013 has 280 such faces in PublicTest: scores are also printed without
            them.
        """
        if self.twins is not None:
            return self.twins
        in_train = np.isin(self.pictures, self.pictures[self.split == 0])
        found: NDArray[np.bool_] = in_train & (self.split != 0)
        return found

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "FaceSet":
        """Select the rows of a mask or an index array.

        Raises:
            ConfigError: These are not rows of this face set.
        """
        try:
            images = self.images[rows]
        except IndexError as error:
            raise ConfigError(f"these are not rows of {len(self)} faces: {error}") from error
        return FaceSet(
            images,
            self.labels[rows],
            self.split[rows],
            self.class_names,
            None if self.votes is None else self.votes[rows],
            self.duplicates[rows],
            tuple(grouping.select(rows) for grouping in self.groups),
        )

    def part(self, split: str) -> "FaceSet":
        """Select the faces of one split.

        Raises:
            ConfigError: The split is unknown.
            DatasetError: The split is empty.
        """
        if split not in SPLITS:
            raise ConfigError(f"split '{split}' is unknown; expected one of {', '.join(SPLITS)}")
        rows = self.split == SPLITS.index(split)
        if not rows.any():
            raise DatasetError(
                f"the face set has no {split} faces; it has {', '.join(self.split_names)}"
            )
        return self.select(rows)

    def in_class_order(self, class_names: tuple[str, ...]) -> "FaceSet":
        """Renumber the classes in another order, such as a model's.

        Raises:
            DatasetError: The sets of classes differ.
        """
        if class_names == self.class_names:
            return self
        if set(class_names) != set(self.class_names):
            raise DatasetError(
                f"the face set's classes ({', '.join(self.class_names)}) differ from the model's "
                f"({', '.join(class_names)}); pass the face set of this model"
            )
        place = np.array([class_names.index(name) for name in self.class_names], np.uint8)
        return replace(self, labels=place[self.labels], class_names=class_names)

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that are not empty, in code order."""
        return tuple(SPLITS[code] for code in np.unique(self.split))

    def counts(self) -> NDArray[np.int64]:
        """Count the faces per split and class.

        Returns:
            int64, (3, classes).
        """
        table = np.zeros((len(SPLITS), len(self.class_names)), np.int64)
        np.add.at(table, (self.split, self.labels), 1)
        return table


def load_faceset(path: str | Path) -> FaceSet:
    """Read a `.npz` face set.

    `images`, `labels` and `split` are required; `class_names` (default: FER2013's), `votes` or
    `ferplus` (with `ferplus_valid`) are optional. Labels, splits and votes may have any integer
    type.

    Raises:
        DatasetError: The file is missing, damaged, lacks an array, or has a value out of range.
    """
    path = Path(path)
    try:
        check_no_named_pipe(path)
        with path.open("rb") as file:  # NumPy does not close a file that it cannot read
            check_archive_file(file)
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise DatasetError("a single array (.npy); expected a .npz face set")
            with loaded as arrays:
                return _from_arrays(arrays)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist; create it: fer-edge data import") from error
    except ArchiveError as error:
        raise DatasetError(f"{path} cannot be read as a .npz face set: {error}") from error
    except _UNREADABLE as error:
        # NumPy's message would advise to unpickle the file
        why = error.strerror if isinstance(error, OSError) else "not an archive, or truncated"
        raise DatasetError(
            f"{path} cannot be read as a .npz face set ({why}); create one: fer-edge data import"
        ) from error


def save_faceset(faces: FaceSet, path: str | Path) -> None:
    """Write a face set as a compressed `.npz`, completely or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        "images": faces.images,
        "labels": faces.labels,
        "split": faces.split,
        "class_names": np.array(faces.class_names),
        "twins": faces.duplicates,
    }
    if faces.votes is not None:
        arrays["votes"] = faces.votes
    with whole_file(Path(path)) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _from_arrays(archive: Mapping[str, Any]) -> FaceSet:
    names_there = list(archive)  # NumPy 1.23 unpacks an array to answer `name in archive`
    _check_array_names(names_there)
    arrays = {name: _unpacked(archive, name) for name in _ARRAYS if name in names_there}
    missing = [key for key in _ARRAYS[:3] if key not in arrays]
    if missing:
        raise DatasetError(
            f"it has no array {', '.join(missing)}, only {', '.join(archive)[:200]}; create a "
            "face set: fer-edge data import"
        )
    names: tuple[str, ...] = FER2013
    if "class_names" in arrays:
        names = read_class_names(arrays["class_names"])
    labels, split, votes = arrays["labels"], arrays["split"], arrays.get("votes")
    needed_bytes = math.prod(arrays["images"].shape[:1]) * _BYTES_PER_FACE
    if needed_bytes > memory_bytes():
        raise DatasetError(f"{len(arrays['images']):,} faces: {too_large(needed_bytes)}")
    if votes is None and "ferplus" in arrays:
        votes = trusted_votes(arrays["ferplus"], arrays.get("ferplus_valid"))
    classes = len(names)
    _check_range("label", labels, classes, f"0 to {classes - 1} for {classes} classes")
    _check_range("split code", split, len(SPLITS), _SPLIT_CODES)
    if votes is not None:
        _check_range("vote", votes, 256, "0 to 255")
        votes = _as_bytes(votes)
    return FaceSet(
        arrays["images"], _as_bytes(labels), _as_bytes(split), names, votes, arrays.get("twins")
    )


def _unpacked(archive: Mapping[str, Any], name: str) -> NDArray[Any]:
    try:
        array = archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):  # NumPy's only sign of such an array
            raise
        raise DatasetError(
            f"{name!r} contains Python objects, which may be code and are not read; expected "
            "numbers or text: store it with a NumPy type, such as np.array(..., str)"
        ) from error
    if not isinstance(array, np.ndarray):
        raise DatasetError(f"{name!r} is not an array; create the face set again")
    if array.size and not array.nbytes:  # a small file declares billions of elements
        raise DatasetError(f"{name!r} has elements of 0 bytes; create the face set again")
    return array


def _check_array_names(names: Sequence[str]) -> None:
    """Report ignored arrays, so that data with a damaged name is not lost silently.

    Raises:
        DatasetError: The name of an array is similar to a missing one, or is there twice.
    """
    twice = [name for name in _ARRAYS if names.count(name) > 1]  # `images` and `images.npy`
    if twice:
        raise DatasetError(f"array {twice[0]!r} is there twice; create the face set again")
    unknown = [name for name in names if name not in _ARRAYS]
    missing = [name for name in _ARRAYS if name not in names]
    for name in unknown:
        near = difflib.get_close_matches(name, missing, n=1, cutoff=0.75)
        if near and name not in _KNOWN_OTHERS:
            raise DatasetError(
                f"array {name[:40]!r} is unknown, and {near[0]!r} is missing; its name may be "
                "damaged: rename it, or create the face set again"
            )
    others = [name[:40] for name in unknown if name not in _KNOWN_OTHERS]
    if others:
        log.warning(
            "unknown arrays of the face set are ignored: %s", ", ".join(map(repr, others[:10]))
        )


def _as_bytes(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Convert integers to uint8; other values are left to the check that rejects them."""
    return values.astype(np.uint8) if values.dtype.kind in "iu" else values  # type: ignore[return-value]


def _check_range(name: str, values: NDArray[np.uint8], count: int, wanted: str) -> None:
    if values.dtype.kind not in "iu":
        return  # _check rejects it
    wrong = (values < 0) | (values >= count)
    if wrong.any():
        place = np.unravel_index(np.argmax(wrong), values.shape)
        row = place[0] if place else 0
        raise DatasetError(
            f"{name} {values[place]} in row {row} (counted from 0) is out of range; "
            f"expected {wanted}"
        )


def _check(name: str, array: NDArray[np.uint8], wanted: str, fits: bool) -> None:
    if array.dtype != np.uint8 or not fits:
        raise DatasetError(f"'{name}' is {array.dtype} {array.shape}; expected uint8 {wanted}")
