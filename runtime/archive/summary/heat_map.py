"""Heat map with one row per video and time as columns: seconds of each expression per cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scan import Scanned
from .totals import CLIP_S, Times

MOST_ROWS = 240
"""Most rows; with more videos, neighbors share a row."""

CELLS = 120
"""Columns of each row, whatever the length of its video."""


@dataclass(slots=True)
class HeatRow:
    """A row of the heat map.

    Attributes:
        first: Name of its first video.
        last: Name of its last video.
        count: Number of videos.
        length_s: Total length.
    """

    first: str
    last: str
    count: int = 0
    length_s: float = 0.0


class HeatMap:
    """Adds videos to the rows."""

    def __init__(self, videos: Sequence[Scanned], labels: int) -> None:
        """Assign the rows.

        Args:
            videos: All videos, in row order.
            labels: Number of columns of the totals.
        """
        count = min(MOST_ROWS, len(videos))
        self._cells = np.zeros((count, CELLS, labels))
        self._places = {video.name: at * count // len(videos) for at, video in enumerate(videos)}
        self.rows = [HeatRow("", "") for _ in range(count)]

    def add(self, video: Scanned, steps: Times) -> None:
        """Add a video: (n, labels), seconds of faces in each `CLIP_S`."""
        place = self._places[video.name]
        row = self.rows[place]
        row.first, row.last = row.first or video.name, video.name
        row.count, row.length_s = row.count + 1, row.length_s + video.length_s
        length_s = max(video.length_s, 1e-3)
        # a step is spread evenly over its time: a cell gets the part that it overlaps
        steps_s = np.minimum(np.arange(len(steps) + 1) * CLIP_S, length_s)
        cells_s = np.linspace(0, length_s, CELLS + 1)
        until = np.vstack([np.zeros(steps.shape[1]), steps.cumsum(axis=0)])
        for label, total in enumerate(until.T):
            self._cells[place, :, label] += np.diff(np.interp(cells_s, steps_s, total))

    def shares(self) -> NDArray[np.uint8]:
        """Return (rows, cells, labels): share of a cell's length, 255 for all of it."""
        lengths_s = np.array([max(row.length_s, 1e-3) for row in self.rows]) / CELLS
        shares = self._cells / lengths_s[:, None, None]
        return np.clip(np.rint(255 * shares), 0, 255).astype(np.uint8)
