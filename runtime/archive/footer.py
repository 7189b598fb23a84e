"""The footer of a result file: its source, settings and contents."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from fer_edge.documents import parse_json
from fer_edge.schema import SchemaError, decode, encode

FOOTER_KEY = "fer_edge_archive"
"""Key in the metadata of a Parquet file; for other formats the footer is a separate file."""


_LONGEST_S = 1e15
"""Above the longest time that a header of a video can state."""


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
        pictures: Names of all pictures of the unit, see `in_utf8`; none for a video.
    """

    source: str
    source_id: str
    kind: Literal["video", "pictures"]
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

    def known_options(self) -> Mapping[str, Any]:
        """Return the options as plain data."""
        found: Mapping[str, Any] = parse_json(self.options)
        return found


def parse_footer(text: str | bytes) -> Footer | None:
    """Parse a footer; None if it is not a footer of this version, or its values are impossible."""
    try:
        footer = decode(Footer, parse_json(text))
    except SchemaError:
        return None
    if not _is_possible(footer):
        return None
    # there may be a million footers, in which these values are equal
    shared = _shared(footer.settings, footer.options, footer.version, footer.labels)
    return replace(
        footer, settings=shared[0], options=shared[1], version=shared[2], labels=shared[3]
    )


def _is_possible(footer: Footer) -> bool:
    times_s = (footer.start_s, footer.source_s, footer.seconds)
    return (
        Path(footer.source).is_absolute()
        and 0 <= footer.number < footer.count
        and all(0 <= value <= _LONGEST_S for value in times_s)
        and min(footer.frames, footer.rows, footer.failed) >= 0
        and len(set(footer.labels)) == len(footer.labels)
        and _are_options(footer.options)
    )


@lru_cache(maxsize=16)
def _are_options(text: str) -> bool:
    try:
        return isinstance(parse_json(text), dict)
    except SchemaError:
        return False


@lru_cache(maxsize=16)
def _shared(*values: Any) -> tuple[Any, ...]:
    return values
