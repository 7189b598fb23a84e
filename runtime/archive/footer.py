"""The footer of a result file: its source, settings and contents."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fer_edge.schema import SchemaError, decode, encode

FOOTER_KEY = "fer_edge_archive"
"""Key in the metadata of a Parquet file; for other formats the footer is a separate file."""


@dataclass(frozen=True, slots=True)
class Footer:
    """The footer of a result file.

    Attributes:
        source: The video, or the folder of the pictures; absolute path.
        source_id: See `Unit.source_id`.
        kind: "video" or "pictures".
        number: Number of the unit within its source, from 0.
        count: Number of units of the source.
        stamp: See `Unit.stamp`.
        settings: `Settings.digest`.
        options: `Settings.options` as JSON.
        version: Version of fer-edge.
        labels: The model's expressions in output order.
        start_s: Start of the unit in its video.
        source_s: Length of the whole video according to its header; 0 for pictures.
        can_seek: Whether the video can be split.
        frames: Number of processed frames or pictures.
        seconds: Seconds of video that these represent; 0 for pictures.
        rows: Number of faces.
        failed: Number of pictures that could not be read.
        pictures: Names of all pictures of the unit, see `printable`; none for a video.
    """

    source: str
    source_id: str
    kind: str
    number: int
    count: int
    stamp: str
    settings: str
    options: str
    version: str
    labels: tuple[str, ...]
    start_s: float
    source_s: float
    can_seek: bool
    frames: int
    seconds: float
    rows: int
    failed: int = 0
    pictures: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Format it as JSON."""
        return json.dumps(encode(self))


def parse_footer(text: str | bytes) -> Footer | None:
    """Parse a footer; None if it is not a footer of this version."""
    try:
        footer = decode(Footer, json.loads(text))
    except (ValueError, SchemaError, RecursionError):
        return None
    # there may be a million footers, in which these values are equal
    shared = _shared(footer.settings, footer.options, footer.version, footer.labels)
    return replace(
        footer, settings=shared[0], options=shared[1], version=shared[2], labels=shared[3]
    )


@lru_cache(maxsize=16)
def _shared(*values: Any) -> tuple[Any, ...]:
    return values
