"""The clips in which an expression is seen most."""

import heapq
from dataclasses import dataclass

import numpy as np

from .totals import CLIP_S, Times


@dataclass(frozen=True, slots=True, order=True)
class Clip:
    """Ten seconds of a video.

    Attributes:
        seconds: Of faces with the expression; several faces at a time add up.
        source: The video.
        start_s: Where it starts.
    """

    seconds: float
    source: str
    start_s: float


class BestClips:
    """Keeps, for each label, the clips with most of it; of one video only a few."""

    def __init__(self, labels: tuple[str, ...], most: int, *, most_of_video: int = 3) -> None:
        """Start with none.

        Args:
            labels: The columns of the totals.
            most: Clips of each label.
            most_of_video: Clips of each label from one video.
        """
        self._most, self._most_of_video = most, most_of_video
        self._heaps: dict[str, list[Clip]] = {label: [] for label in labels}

    def add(self, source: str, steps: Times) -> None:
        """Look at a video: (n, labels), seconds of faces in each `CLIP_S`."""
        for at, label in enumerate(self._heaps):
            column = steps[:, at]
            count = min(self._most_of_video, len(column))
            for step in np.argpartition(column, -count)[-count:]:
                if column[step] > 0:
                    self._offer(label, Clip(float(column[step]), source, float(step * CLIP_S)))

    def best(self) -> dict[str, list[Clip]]:
        """Return the clips of each label, most of it first."""
        return {label: sorted(heap, reverse=True) for label, heap in self._heaps.items()}

    def _offer(self, label: str, clip: Clip) -> None:
        heap = self._heaps[label]
        if len(heap) < self._most:
            heapq.heappush(heap, clip)
        else:
            heapq.heappushpop(heap, clip)
