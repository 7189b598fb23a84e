"""Capture that a test controls."""

import queue
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

PATIENCE_S = 20


def wait_until(holds: Callable[[], object]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.01)


class Tap:
    """Capture that a test controls: `give` sets the results of its next reads."""

    name = "the tap"
    clock_s: float | None = None

    def __init__(self, *openings: Exception | float) -> None:
        self.openings = list(openings) or [25.0]
        self.frames: queue.Queue[NDArray[np.uint8] | Exception] = queue.Queue()
        self.opened_at: list[float] = []
        self.closed = 0
        self.interrupted = False
        self.is_interruptible = True
        self.reading = threading.Semaphore(0)

    def open(self) -> float:
        self.opened_at.append(time.monotonic())
        outcome = self.openings.pop(0) if len(self.openings) > 1 else self.openings[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def read(self) -> NDArray[np.uint8]:
        self.reading.release()
        frame = self.frames.get(timeout=PATIENCE_S)
        if isinstance(frame, Exception):
            raise frame
        return frame

    def close(self) -> None:
        self.closed += 1

    def interrupt(self) -> None:
        self.interrupted = True
        if self.is_interruptible:
            self.frames.put(SourceError("interrupted"))

    def give(self, *frames: int | Exception) -> None:
        """Queue frames and errors for the next reads; return when all of them are read."""
        for frame in frames:
            is_loss = isinstance(frame, Exception)
            self.frames.put(frame if is_loss else np.full((2, 3, 3), frame, np.uint8))
        for _ in frames:
            assert self.reading.acquire(timeout=PATIENCE_S)

    def started(self) -> "Tap":
        assert self.reading.acquire(timeout=PATIENCE_S)
        return self
