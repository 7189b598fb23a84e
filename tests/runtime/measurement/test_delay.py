"""The delay of a frame that arrives like a camera's: from its arrival to its written line."""

import io
import time
from collections.abc import Iterator

import numpy as np
import pytest

from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.measurement.probes.clip_probe import TimedLines, TimedSource
from fer_edge.runtime.recognition.result import Result

WORK_MS = 50.0


class Camera:
    """A live source whose second frame arrives while the first one is processed."""

    is_video = is_live = True
    frame_rate_hz = 30.0
    length: int | None = None
    dropped = 0

    def __init__(self, jump_s: float = 0.0) -> None:
        self.jump_s = jump_s
        self.second_unix_s = 0.0

    def __iter__(self) -> Iterator[Frame]:
        pixels = np.zeros((4, 4, 3), np.uint8)
        yield Frame(pixels, 0, 0.0, "camera", unix_s=time.time())
        yield Frame(pixels, 1, 0.1, "camera", unix_s=self.second_unix_s + self.jump_s)

    def close(self) -> None:
        """Do nothing."""


def delays_ms(camera: Camera) -> tuple[list[float], float]:
    """Process both frames; return their delays and the time for both."""
    source = TimedSource(camera)
    lines = TimedLines(source, io.StringIO())
    lines.begin()
    began_s = time.perf_counter()
    for frame in source:
        camera.second_unix_s = time.time()
        time.sleep(WORK_MS / 1e3)
        lines.write(Result(frame, ()))
    return list(lines.frames_ms), 1e3 * (time.perf_counter() - began_s)


def test_a_delay_includes_the_wait_while_an_earlier_frame_is_processed() -> None:
    (first_ms, second_ms), total_ms = delays_ms(Camera())
    assert first_ms > 0.98 * WORK_MS
    assert 1.98 * WORK_MS < second_ms < total_ms  # not 2, since two clocks are read


@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
def test_a_jump_of_the_clock_is_no_delay(jump_s: float) -> None:
    (_, second_ms), total_ms = delays_ms(Camera(jump_s))
    assert 0.98 * WORK_MS < second_ms < total_ms
