"""Results made by hand, and sources that return them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.labels import FER2013
from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.recognition.result import Face, Result
from fer_edge.runtime.timing.stopwatch import StageTimes


def noise(height: int = 300, width: int = 320, seed: int = 0) -> NDArray[np.uint8]:
    """Return an image of noise: uint8, (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def make_face(label: str = "happy", track: int | None = 1, box: Box | None = None) -> Face:
    """Return a face with a probability of 0.7 for the label and 0.05 for all others."""
    shares = {name: 0.7 if name == label else 0.05 for name in FER2013}
    return Face(label, shares, box or Box(20, 10, 60, 55), 0.9, track)


def make_result(
    *faces: Face,
    index: int = 0,
    time_s: float = 0.0,
    dropped: int = 0,
    times: StageTimes | None = None,
    size: tuple[int, int] = (64, 96),
    name: str = "camera 0",
) -> Result:
    """Return the result of a frame of noise with these faces; `size` is (height, width)."""
    return Result(
        Frame(noise(*size, seed=index), index, time_s, name),
        faces,
        times or StageTimes(),
        dropped,
    )


class Live:
    """Live source that yields the frames of these results, and then fails or ends."""

    is_video, is_live, length, dropped = True, True, None, 0

    def __init__(
        self,
        results: Sequence[Result] = (),
        *,
        frame_rate_hz: float = 10.0,
        error: BaseException | None = None,
    ) -> None:
        self.frame_rate_hz = frame_rate_hz
        self._results = {result.frame.index: result for result in results}
        self._error = error

    def __iter__(self) -> Iterator[Frame]:
        for result in self._results.values():
            yield result.frame
        if self._error:
            raise self._error

    def read_frame(self, frame: Frame) -> Result:
        """Return the result of a frame, so that this object can also be the reader."""
        return self._results[frame.index]

    def close(self) -> None:
        """Do nothing: this source opens nothing."""


class File(Live):
    """Video file with the frames of these results."""

    is_live = False
