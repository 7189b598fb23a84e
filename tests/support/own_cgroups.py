"""Control groups for a systemd of a test's: two systemds in one end each other's services."""

import contextlib
import os
import time
from itertools import count
from pathlib import Path

_ROOTS = [Path("/sys/fs/cgroup") / name for name in ("systemd", "unified", "")]
"""Where systemd keeps its groups: version 1, both, version 2."""
_numbers = count()


class OwnCgroups:
    """Groups that are made here and removed at the end.

    Attributes:
        enter: Shell that moves into them, to be followed by what runs there.
    """

    def __init__(self) -> None:
        name = f"fer-edge-{os.getpid()}-{next(_numbers)}"
        self._groups = [root / name for root in _ROOTS if (root / "cgroup.procs").exists()]
        for group in self._groups:
            group.mkdir(exist_ok=True)
        self.enter = "".join(f"echo $$ > {group}/cgroup.procs && " for group in self._groups)

    def remove(self) -> None:
        """Remove them; what ran in them has ended, or is about to."""
        until_s = time.monotonic() + 5
        for group in self._groups:
            while not _is_removed(group) and time.monotonic() < until_s:
                time.sleep(0.05)
        self._groups.clear()


def _is_removed(group: Path) -> bool:
    folders = [path for path in group.rglob("*") if path.is_dir()]
    for folder in [*sorted(folders, reverse=True), group]:
        with contextlib.suppress(OSError):  # something in it has not ended yet
            folder.rmdir()
    return not group.exists()
