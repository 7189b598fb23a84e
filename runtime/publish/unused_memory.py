"""Release of unused memory, every minute of a run."""

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
    """Releases unused memory every minute; a context manager around a run.

    Only Python's garbage collector frees objects that refer to each other in a cycle, and by
    default it checks all objects only when their number has grown by a quarter since the last time,
    which never happens in a steady run. Remains of the page's viewers and lost connections would
    accumulate for days. The C library keeps freed memory between blocks that are in use.
    """

    def __init__(self) -> None:
        self._due_s = time.monotonic() + _INTERVAL_S

    def free_when_due(self) -> None:
        """Release it, if the last time was a minute ago; takes some milliseconds."""
        if time.monotonic() >= self._due_s:
            gc.collect()
            _give_back()
            self._due_s = time.monotonic() + _INTERVAL_S

    def __enter__(self) -> "UnusedMemory":
        # modules and models stay for the whole run: excluding them from collection reduces its
        # time to a millisecond
        gc.freeze()
        return self

    def __exit__(self, *error: object) -> None:
        gc.unfreeze()


def share_one_heap() -> None:
    """Make the threads that this process starts from now on share glibc's main heap, mallopt(3).

    By default glibc gives threads separate heaps, and each keeps its freed memory. Every time a
    stream ends and is reopened, a little more of it remains. Meant for a process that only performs
    a run; the environment variable MALLOC_ARENA_MAX takes precedence.
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_ARENA_MAX, 1)


def _give_back() -> None:
    """Make glibc return complete unused pages to the kernel, malloc_trim(3)."""
    if (trim := _c_function("malloc_trim")) is not None:
        trim(0)


@cache
def _c_function(name: str) -> Any:
    """Return a function of the C library; None if it is missing (musl, other systems)."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
