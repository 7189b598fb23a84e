"""What a worker does, in a process of its own or on another machine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic

import cv2

from fer_edge.errors import (
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
"""A worker says so often how far it is."""


@dataclass(frozen=True, slots=True)
class Task:
    """A unit, and all that reading it needs.

    Attributes:
        unit: What to read.
        settings: How.
        out: The folder of results, absolute.
        identity: What its file of identity holds: a node that does not see it works elsewhere.
    """

    unit: Unit
    settings: Settings
    out: Path
    identity: str


@dataclass(frozen=True, slots=True)
class Tick:
    """How far a unit is.

    Attributes:
        unit: Its name.
        counted: What was read of it.
    """

    unit: str
    counted: Counted


@dataclass(frozen=True, slots=True)
class Done:
    """A unit whose file of results is there.

    Attributes:
        unit: Which.
        counted: What was read.
        broken: Pictures that could not be.
    """

    unit: Unit
    counted: Counted
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit that could not be read.

    Attributes:
        unit: Which.
        reason: One line.
        is_final: Every other unit would, too: the results cannot be written, or the model not read.
    """

    unit: Unit
    reason: str
    is_final: bool = False


Outcome = Done | Failed

_FOR_ALL = (OutputError, ModelError, DetectorError, PluginError)
"""What would befall every other unit, too."""


def use_one_core() -> None:
    """Keep OpenCV in this process to one thread: there is a worker for each core."""
    cv2.setNumThreads(1)


def do_task(task: Task, on_tick: Callable[[Tick], object]) -> Outcome:
    """Read a unit into its file of results; what goes wrong is the outcome.

    Args:
        task: What to do.
        on_tick: Called about once a second with how far it is.
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
    except Exception as error:  # whatever a file of a stranger brings about, the others go on
        return Failed(unit, _one_line(f"{type(error).__name__}: {error}"))
    return Done(unit, Counted(footer.frames, footer.seconds, footer.rows), broken)


@lru_cache(maxsize=1)
def _reader(settings: Settings) -> UnitReader:
    """Open the models once in a process."""
    return UnitReader(settings)


def _one_line(text: str) -> str:
    return " ".join(text.split())
