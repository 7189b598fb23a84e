"""Memory limit of the control group of this process: of a container, or of a service."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fer_edge.inference.kernel import read_text

_V2, _V1 = "memory.max", "memory.limit_in_bytes"


def group_memory_mb(root: Path) -> float | None:
    """Return the lowest memory limit of this process's group and those above it, in MB.

    Version 1 reports a number of exabytes for no limit; in a container its groups may be named as
    on the host, and only the topmost folder is there.

    Args:
        root: Folder that contains /proc and /sys.

    Returns:
        None without control groups, or without a limit.
    """
    texts = (read_text(path) for path in _limit_files(root))
    limits = [int(text) / 1e6 for text in texts if text.isdecimal()]
    return min(limits, default=None)


def _limit_files(root: Path) -> Iterator[Path]:
    groups = root / "sys/fs/cgroup"
    for line in read_text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        is_memory = "memory" in controllers.split(",")
        if number != "0" and not is_memory:
            continue
        path = PurePosixPath(place.lstrip("/"))
        for part in (path, *path.parents):
            if ".." in part.parts:  # a group above the one that a container shows
                continue
            if is_memory:
                yield groups / "memory" / part / _V1
            else:
                yield groups / part / _V2
