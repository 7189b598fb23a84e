"""A part of a video, by time."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The frames of a video between two times.

    Attributes:
        from_s: Time of the first frame, in seconds since the video's start.
        to_s: End; frames at this time or later are not read; infinite reads to the end.
    """

    from_s: float = 0.0
    to_s: float = math.inf

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole video."""
        return self.from_s <= 0 and self.to_s == math.inf


WHOLE = Span()
"""The whole video."""
