"""Objects that refer to each other in a circle, freed each minute of a run."""

import gc
import time

_INTERVAL_S = 60.0


class Cycles:
    """Has Python's collector free what only it can free; a context manager around a run.

    By itself it looks at everything only when a quarter more objects are alive than at its last
    look, which a run that goes on evenly never has. What a viewer of the page or a lost connection
    leaves would gather for days, with whatever memory it holds.
    """

    def __init__(self) -> None:
        self._due_s = time.monotonic() + _INTERVAL_S

    def free_when_due(self) -> None:
        """Free them, where the last time was a minute ago."""
        if time.monotonic() >= self._due_s:
            gc.collect()
            self._due_s = time.monotonic() + _INTERVAL_S

    def __enter__(self) -> "Cycles":
        # modules and models stay for the whole run: the collector need not look at them, and takes
        # a millisecond for the rest
        gc.freeze()
        return self

    def __exit__(self, *error: object) -> None:
        gc.unfreeze()
