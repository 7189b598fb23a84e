"""The clips with the most of each expression."""

import heapq
from dataclasses import dataclass

import numpy as np

from .totals import CLIP_S, Times

_MOST_OF_VIDEO = 3
"""Number of clips per label and video."""


@dataclass(frozen=True, slots=True, order=True)
class Clip:
    """A clip of ten seconds, or less at the end of its video.

    Attributes:
        seconds: Seconds of faces with the expression; simultaneous faces add up.
        source: Path of the video.
        start_s: Start of the clip.
        end_s: End of the clip.
    """

    seconds: float
    source: str
    start_s: float
    end_s: float


class BestClips:
    """Keeps the top clips of each label, and only a few per video."""

    def __init__(self, labels: tuple[str, ...], most: int) -> None:
        """Start without clips.

        Args:
            labels: Columns of the totals.
            most: Number of clips per label.
        """
        self._most = most
        self._heaps: dict[str, list[Clip]] = {label: [] for label in labels}

    def add(self, source: str, steps: Times, length_s: float) -> None:
        """Add a video.

        Args:
            source: Its path.
            steps: (n, labels), seconds of faces in each `CLIP_S`.
            length_s: Its approximate length.
        """
        for at, label in enumerate(self._heaps):
            column = steps[:, at]
            count = min(_MOST_OF_VIDEO, len(column))
            for step in np.argpartition(column, -count)[-count:]:
                if column[step] > 0:
                    start_s, end_s = float(step * CLIP_S), float((step + 1) * CLIP_S)
                    if start_s < length_s:  # otherwise its length is wrong
                        end_s = min(end_s, length_s)
                    self._offer(label, Clip(float(column[step]), source, start_s, end_s))

    def best(self) -> dict[str, list[Clip]]:
        """Return the clips of each label, the top clip first."""
        return {label: sorted(heap, reverse=True) for label, heap in self._heaps.items()}

    def _offer(self, label: str, clip: Clip) -> None:
        heap = self._heaps[label]
        if len(heap) < self._most:
            heapq.heappush(heap, clip)
        else:
            heapq.heappushpop(heap, clip)
