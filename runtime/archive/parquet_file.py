"""A Parquet result file, written with pyarrow (extra [archive])."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.require import missing

from .footer import FOOTER_KEY, Footer, parse_footer
from .rows import Rows

try:
    import pyarrow
    import pyarrow.parquet
except ModuleNotFoundError as error:
    raise missing(
        "archive", error.name or "pyarrow", what="a Parquet file", otherwise="pass --format csv"
    ) from error


class ParquetFile:
    """Writes rows in groups, compressed; a file without faces also has the columns."""

    def __init__(self, path: Path) -> None:
        """Open a new file; its columns are determined by the first rows."""
        self._file = path.open("wb")
        self._writer: Any = None

    def write(self, rows: Rows) -> None:
        """Add rows as one group."""
        table = _as_table(rows)
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(
                self._file, table.schema, compression="zstd"
            )
        self._writer.write_table(table)

    def finish(self, footer: Footer) -> None:
        """Write the footer."""
        self._writer.add_key_value_metadata({FOOTER_KEY: footer.to_json()})
        self._writer.close()
        self._writer = None
        self._file.flush()

    def close(self) -> None:
        """Release the file."""
        try:
            if self._writer is not None:  # the block failed: the file is discarded
                self._writer.close()
        except (OSError, pyarrow.ArrowException):
            self._writer = None
        finally:
            self._file.close()


def read_metadata(path: Path) -> Footer | None:
    """Read the footer of a file; None if it is damaged or missing."""
    try:
        metadata = pyarrow.parquet.read_metadata(path).metadata or {}
    except (OSError, pyarrow.ArrowException):
        return None
    text = metadata.get(FOOTER_KEY.encode())
    return None if text is None else parse_footer(text)


def _as_table(rows: Rows) -> Any:
    """Build a table from buffers: `pyarrow.array` would import pandas, if it is installed."""
    columns = {name: _numbers(column) for name, column in rows.numbers.items()}
    tracks = rows.numbers["track"]
    columns["track"] = _numbers(tracks, is_known=np.greater_equal(tracks, 0))
    text = {name: _text(values) for name, values in rows.text.items()}
    return pyarrow.table({"source": text["source"], **columns, "label": text["label"]})


def _numbers(
    column: NDArray[np.generic], is_known: NDArray[np.bool_] | None = None
) -> "pyarrow.Array":
    known = (
        None if is_known is None else pyarrow.py_buffer(np.packbits(is_known, bitorder="little"))
    )
    data = pyarrow.py_buffer(np.ascontiguousarray(column))
    kind = pyarrow.from_numpy_dtype(column.dtype)
    return pyarrow.Array.from_buffers(kind, len(column), [known, data])


def _text(values: Sequence[str]) -> "pyarrow.DictionaryArray":
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    words = [value.encode() for value in codes]
    ends = np.cumsum([0, *map(len, words)]).astype(np.int32)
    buffers = [None, pyarrow.py_buffer(ends), pyarrow.py_buffer(b"".join(words))]
    dictionary = pyarrow.Array.from_buffers(pyarrow.string(), len(words), buffers)
    indices = _numbers(np.array([codes[value] for value in values], np.int32))
    return pyarrow.DictionaryArray.from_arrays(indices, dictionary)
