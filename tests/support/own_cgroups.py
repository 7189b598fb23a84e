"""Control groups for a test's systemd: in a shared group, two systemds would stop each other."""

import contextlib
import os
import time
from itertools import count
from pathlib import Path

_ROOTS = [Path("/sys/fs/cgroup") / name for name in ("systemd", "unified", "")]
"""Folders where systemd keeps its groups, for cgroups version 1, mixed, and version 2."""
_numbers = count()


class OwnCgroups:
    """Control groups for one test; `remove` deletes them.

    Attributes:
        enter: Shell code that moves the shell into the groups; a command must follow it.
    """

    def __init__(self) -> None:
        name = f"fer-edge-{os.getpid()}-{next(_numbers)}"
        self._groups = [root / name for root in _ROOTS if (root / "cgroup.procs").exists()]
        for group in self._groups:
            group.mkdir(exist_ok=True)
        self.enter = "".join(f"echo $$ > {group}/cgroup.procs && " for group in self._groups)

    def remove(self) -> None:
        """Remove the groups; wait up to 5 s until their processes have ended."""
        until_s = time.monotonic() + 5
        for group in self._groups:
            while not _is_removed(group) and time.monotonic() < until_s:
                time.sleep(0.05)
        self._groups.clear()


def _is_removed(group: Path) -> bool:
    folders = [path for path in group.rglob("*") if path.is_dir()]
    for folder in [*sorted(folders, reverse=True), group]:
        with contextlib.suppress(OSError):  # a process in it still runs
            folder.rmdir()
    return not group.exists()
