"""A Parquet file of results, by pyarrow (extra [archive])."""

from pathlib import Path
from typing import Any

import numpy as np

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

_TEXT = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())


class ParquetFile:
    """Writes rows in groups, compressed; a file without faces has its columns, too."""

    def __init__(self, path: Path) -> None:
        """Open a new file; its columns come with the first rows."""
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
        """Let go of the file."""
        try:
            if self._writer is not None:  # the block failed: whatever is written is thrown away
                self._writer.close()
        except (OSError, pyarrow.ArrowException):
            self._writer = None
        finally:
            self._file.close()


def read_metadata(path: Path) -> Footer | None:
    """Read the footer of a file; None where it is damaged or has none."""
    try:
        metadata = pyarrow.parquet.read_metadata(path).metadata or {}
    except (OSError, pyarrow.ArrowException):
        return None
    text = metadata.get(FOOTER_KEY.encode())
    return None if text is None else parse_footer(text)


def _as_table(rows: Rows) -> Any:
    columns = {name: pyarrow.array(column) for name, column in rows.numbers.items()}
    tracks = rows.numbers["track"]
    columns["track"] = pyarrow.array(tracks, mask=np.less(tracks, 0))
    text = {name: pyarrow.array(values, _TEXT) for name, values in rows.text.items()}
    return pyarrow.table({"source": text["source"], **columns, "label": text["label"]})
