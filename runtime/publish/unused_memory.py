"""Memory that nobody uses any more, freed each minute of a run."""

import ctypes
import gc
import os
import sys
import time
from functools import cache
from typing import Any

_INTERVAL_S = 60.0
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


class UnusedMemory:
    """Has it freed each minute; a context manager around a run.

    Python's collector alone frees objects that refer to each other in a circle, and by itself it
    looks at everything only when a quarter more objects are alive than at its last look, which a
    run that goes on evenly never has. What a viewer of the page or a lost connection leaves would
    gather for days. The C library keeps what is freed between blocks that are in use.
    """

    def __init__(self) -> None:
        self._due_s = time.monotonic() + _INTERVAL_S

    def free_when_due(self) -> None:
        """Free it, where the last time was a minute ago; takes some milliseconds."""
        if time.monotonic() >= self._due_s:
            gc.collect()
            _give_back()
            self._due_s = time.monotonic() + _INTERVAL_S

    def __enter__(self) -> "UnusedMemory":
        # modules and models stay for the whole run: the collector need not look at them, and takes
        # a millisecond for the rest
        gc.freeze()
        return self

    def __exit__(self, *error: object) -> None:
        gc.unfreeze()


def share_one_heap() -> None:
    """Have the threads that this process starts from now on share glibc's main heap, mallopt(3).

    By default glibc gives threads heaps of their own, and each keeps what was freed in it. A stream
    that ends and is opened again leaves a little more of that each time. For a process that is a
    run and nothing else; the variable MALLOC_ARENA_MAX of the environment has precedence.
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_ARENA_MAX, 1)


def _give_back() -> None:
    """Have glibc give whole pages without a block in use back to the kernel, malloc_trim(3)."""
    if (trim := _c_function("malloc_trim")) is not None:
        trim(0)


@cache
def _c_function(name: str) -> Any:
    """Return a function of the C library; None where it has none (musl, other systems)."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
