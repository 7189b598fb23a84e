"""The work of a worker, in a separate process or on another machine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic

import cv2

from fer_edge.errors import (
    ConfigError,
    DetectorError,
    FerEdgeError,
    ModelError,
    OutputError,
    PluginError,
)

from .result_file import new_result
from .results_folder import check_identity
from .settings import Settings
from .unit import Unit
from .unit_reader import Broken, Counted, UnitReader

TICK_EVERY_S = 1.0
"""Interval of progress reports of a worker."""


@dataclass(frozen=True, slots=True)
class Task:
    """A unit with everything needed to process it.

    Attributes:
        unit: Unit to process.
        settings: Settings.
        out: Results folder, absolute path.
        identity: Content of its identity file: a node that sees another one uses a different
            folder.
    """

    unit: Unit
    settings: Settings
    out: Path
    identity: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Progress of a unit.

    Attributes:
        unit: Name of the unit.
        counted: Progress so far.
    """

    unit: str
    counted: Counted


@dataclass(frozen=True, slots=True)
class Done:
    """A unit with a finished result file.

    Attributes:
        unit: The unit.
        counted: Totals of the unit.
        broken: Unreadable pictures.
    """

    unit: Unit
    counted: Counted
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit that could not be processed.

    Attributes:
        unit: The unit.
        reason: Reason, in one line.
        is_final: Whether all units would fail: the results cannot be written, or the model not
            read.
    """

    unit: Unit
    reason: str
    is_final: bool = False


Outcome = Done | Failed

_FOR_ALL = (ConfigError, OutputError, ModelError, DetectorError, PluginError)
"""An error that would affect all units."""


def use_one_core() -> None:
    """Limit OpenCV in this process to one thread: there is one worker per core."""
    cv2.setNumThreads(1)


def do_task(task: Task, on_tick: Callable[[Tick], object]) -> Outcome:
    """Process a unit into its result file; errors become the outcome.

    Args:
        task: Task to run.
        on_tick: Called about once per second with the progress.
    """
    unit, due_s = task.unit, monotonic() + TICK_EVERY_S

    def report(counted: Counted) -> None:
        nonlocal due_s
        if monotonic() >= due_s:
            due_s = monotonic() + TICK_EVERY_S
            on_tick(Tick(unit.name, counted))

    try:
        check_identity(task.out, task.identity)
        reader = _reader(task.settings)
        with new_result(task.out, unit.name, task.settings.format) as writer:
            footer, broken = reader.read(unit, writer, report)
    except _FOR_ALL as error:
        return Failed(unit, str(error), is_final=True)
    except (FerEdgeError, OSError) as error:
        return Failed(unit, _one_line(str(error)))
    except Exception as error:  # an untrusted file may cause any exception: the others continue
        return Failed(unit, _one_line(f"{type(error).__name__}: {error}"))
    return Done(unit, Counted(footer.frames, footer.seconds, footer.rows), broken)


@lru_cache(maxsize=1)
def _reader(settings: Settings) -> UnitReader:
    """Open the models once per process."""
    return UnitReader(settings)


def _one_line(text: str) -> str:
    return " ".join(text.split())
