"""What the source of an import is, by its content."""

import codecs
from pathlib import Path
from typing import Literal

from fer_edge.errors import DatasetError
from fer_edge.files import check_no_named_pipe

SourceKind = Literal["folder", "table", "face set"]

_START_BYTES = 4096
_ARRAYS = (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY")
_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def source_kind(path: Path) -> SourceKind:
    """Return whether a path is a folder, a CSV file or a `.npz` face set.

    Text is a CSV file, whatever its suffix. A file with the suffix of a format counts as that
    format even if it is damaged, so that the message is about this format.

    Raises:
        DatasetError: It does not exist, cannot be read, or is none of these.
    """
    if path.is_dir():
        return "folder"
    if not path.exists():
        raise DatasetError(
            f"{path} does not exist; expected a CSV file, a folder of class folders or a .npz"
        )
    start = _start(path)
    suffix = path.suffix.lower()
    if start.startswith(_ARRAYS) or suffix == ".npz":
        return "face set"
    if start.startswith(_GZIP):
        raise DatasetError(f"{path} is compressed; unpack it first: gunzip {path}")
    if start.startswith(_UTF16) or suffix == ".csv" or (start and b"\0" not in start):
        return "table"
    raise DatasetError(
        f"{path} is neither a CSV file, a .npz nor a folder; expected fer2013.csv, a face set, or "
        "train/<class>/*.jpg"
    )


def _start(path: Path) -> bytes:
    try:
        check_no_named_pipe(path)
        if not path.is_file():  # what is read from a device is lost for the reader
            return b""
        with path.open("rb") as file:
            return file.read(_START_BYTES)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
