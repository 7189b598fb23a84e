"""Progress of the work in seconds of video, with the remaining time."""

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from .unit import Unit
from .unit_reader import Counted
from .work import Done, Outcome, Tick

PICTURE_S = 0.2
"""Weight of a picture in the remaining time: as much as about five video frames."""

_LINES_EVERY_S = 30.0


class Progress:
    """Collects progress and prints it: on one line of a terminal, otherwise at intervals."""

    def __init__(self, units: Sequence[Unit], to: TextIO | None = None) -> None:
        """Start the clock.

        Args:
            units: Units to process.
            to: Output; None is standard error.
        """
        self._to = to or sys.stderr
        self._total, self._total_s = len(units), sum(map(length_s, units))
        self._running: dict[str, tuple[Unit, Counted]] = {}
        self._units = {unit.name: unit for unit in units}
        self._started_s = time.monotonic()
        self._printed_s = self._started_s
        self.finished, self.failed, self.lost = 0, 0, 0
        self.frames, self.faces, self.seconds = 0, 0, 0.0
        self._finished_s = 0.0

    def tick(self, tick: Tick) -> None:
        """Note the progress of a unit."""
        unit = self._units.get(tick.unit)
        if unit is not None:
            self._running[tick.unit] = unit, tick.counted
            self._show()

    def lose(self, unit: Unit) -> None:
        """Note that a worker died with a unit."""
        self.lost += 1
        self._running.pop(unit.name, None)

    def end(self, outcome: Outcome) -> None:
        """Note that a unit is done or has failed."""
        self._running.pop(outcome.unit.name, None)
        self._units.pop(outcome.unit.name, None)  # ignore a late tick
        self.finished += 1
        self._finished_s += length_s(outcome.unit)
        if isinstance(outcome, Done):
            self.frames += outcome.counted.frames
            self.faces += outcome.counted.faces
            self.seconds += outcome.counted.seconds
        else:
            self.failed += 1
        self._show()

    def line(self) -> str:
        """Return the progress as text."""
        wall_s = max(1e-3, time.monotonic() - self._started_s)
        read_s = self._finished_s + sum(
            min(length_s(unit), counted.seconds) for unit, counted in self._running.values()
        )
        faces = self.faces + sum(counted.faces for _, counted in self._running.values())
        words = [
            f"{duration(read_s)} of {duration(self._total_s)}",
            f"{self.finished} of {self._total} units",
            f"{read_s / wall_s:.1f} times real time",
            f"{faces / wall_s:.0f} faces/s",
        ]
        if 0 < read_s < self._total_s:
            words.append(f"{duration(wall_s * (self._total_s - read_s) / read_s)} left")
        words += [f"{self.failed} failed"] if self.failed else []
        words += [f"{self.lost} workers lost"] if self.lost else []
        return ", ".join(words)

    def close(self) -> None:
        """Clear the line of a terminal."""
        if self._to.isatty():
            self._to.write("\r\x1b[K")
            self._to.flush()

    def _show(self) -> None:
        is_terminal, now_s = self._to.isatty(), time.monotonic()
        if now_s - self._printed_s < (1.0 if is_terminal else _LINES_EVERY_S):
            return
        self._printed_s = now_s
        line = self.line()
        self._to.write(f"\r\x1b[K{line}" if is_terminal else f"fer-edge: {line}\n")
        self._to.flush()


def length_s(unit: Unit) -> float:
    """Return the size of a unit in seconds of video."""
    if unit.kind == "pictures":
        return PICTURE_S * len(unit.files)
    return max(unit.length_s, PICTURE_S)


def duration(seconds: float) -> str:
    """Format a duration as 1:02:03."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
