"""Estimate of the time for an archive, from a few seconds of processing."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from fer_edge.errors import FerEdgeError

from .footer import Footer
from .progress import PICTURE_S, length_s
from .rows import Rows
from .settings import Settings
from .unit import Unit
from .unit_reader import Counted, UnitReader
from .work import use_one_core

SAMPLES = 3

_SAMPLE_S = 2.0
"""Wall time for each sample."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Cost of a few units.

    Attributes:
        speed: Seconds of video that one worker processes per second.
        faces_hz: Faces per second of video, over all of its frames.
    """

    speed: float
    faces_hz: float

    def wall_s(self, units: Sequence[Unit], workers: int) -> float:
        """Return the time of the given number of workers for units, if no worker ever waits."""
        lengths = [length_s(unit) for unit in units]
        return max(sum(lengths) / workers, max(lengths, default=0.0)) / self.speed


def estimate(units: Sequence[Unit], settings: Settings) -> Estimate | None:
    """Process parts of a few units, spread over the archive, without writing.

    Returns:
        None if none of them can be read.

    Raises:
        ModelError: The model cannot be opened.
        DetectorError: The detector cannot be opened.
    """
    use_one_core()
    wall_s, read_s, faces = 0.0, 0.0, 0
    step = max(1, len(units) // SAMPLES)
    reader = UnitReader(settings)
    try:
        for unit in islice(units, step // 2, None, step):
            took_s, counted = _sample(reader, unit)
            is_video = unit.kind == "video"
            wall_s += took_s
            read_s += counted.seconds if is_video else PICTURE_S * counted.frames
            faces += counted.faces
    finally:
        reader.close()
    return Estimate(read_s / wall_s, faces / read_s) if read_s and wall_s else None


class _EnoughError(Exception):
    """Used in this module only."""


def _sample(reader: UnitReader, unit: Unit) -> tuple[float, Counted]:
    started_s = time.monotonic()
    last = Counted()

    def look(counted: Counted) -> None:
        nonlocal last
        last = counted
        if time.monotonic() - started_s > _SAMPLE_S:
            raise _EnoughError

    with suppress(_EnoughError, FerEdgeError, OSError):  # unreadable files cost little
        reader.read(unit, _Nowhere(), look)
    return time.monotonic() - started_s, last


class _Nowhere:
    """A result file that is discarded."""

    def write(self, rows: Rows) -> None:
        """Discard rows."""

    def finish(self, footer: Footer) -> None:
        """Discard the footer."""

    def close(self) -> None:
        """Do nothing."""
