"""Repeated trials of a fault."""

import random
import tempfile
from pathlib import Path

from tests.faults.fault import Fault


def try_fault(fault: Fault, count: int) -> list[str]:
    """Inject a fault `count` times; return what went wrong, with the number of each trial."""
    found: list[str] = []
    with fault.setting() as setting:
        for number in range(count):
            chance = random.Random(f"{fault.name}:{number}")
            with tempfile.TemporaryDirectory(prefix="fer-edge-fault-") as folder:
                faults = fault.trial(chance, Path(folder), setting)
            found += [f"trial {number}: {text}" for text in faults]
    return found
