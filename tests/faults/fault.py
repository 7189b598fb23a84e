"""A fault: a disturbance of a program, and what must be true afterwards."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Trial = Callable[[random.Random, Path, Any], list[str]]


class LackingError(Exception):
    """A requirement of a fault is missing on this machine: a program, or root."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, with the function that injects it once and checks the result.

    Attributes:
        name: Name of the row in docs/explanation/reliability.md.
        promise: What must be true after the fault.
        trial: Function of a random generator, an empty folder and the setting; it injects the fault
            at a random moment, checks what is left, and returns what is wrong.
        count: Number of trials of the full run.
        setting: Context manager for what all trials share, such as a camera; it may raise
            `LackingError`.
        suite_count: Number of trials in the ordinary test suite; 0 leaves the fault out.
    """

    name: str
    promise: str
    trial: Trial
    count: int
    setting: Callable[[], AbstractContextManager[Any]]
    suite_count: int = 0
