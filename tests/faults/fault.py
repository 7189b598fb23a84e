"""A fault: what is done to a program, and what must hold afterwards."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Trial = Callable[[random.Random, Path, Any], list[str]]


class LackingError(Exception):
    """Something that a fault needs is not on this machine: a program, root."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, injected once by `trial`, which says what went wrong.

    Attributes:
        name: Of the row in docs/explanation/reliability.md.
        promise: What holds.
        trial: Draws a moment, does it in an empty folder, and looks at what is left. It is given
            the setting, too.
        count: Of the full run.
        setting: Makes what all trials share, as a camera; may raise `LackingError`.
        suite_count: Of the ordinary suite.
    """

    name: str
    promise: str
    trial: Trial
    count: int
    setting: Callable[[], AbstractContextManager[Any]]
    suite_count: int = 0
