"""Resources of a process: memory, threads, open files."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Look:
    """Sample of the resources of a process.

    Attributes:
        rss_kib: Resident memory, in KiB.
        pss_kib: Resident memory, in which a page shared by n processes counts 1/n.
        anonymous_kib: Part of the resident memory that is not backed by a file: heaps and stacks.
        threads: Number of threads.
        files: Number of open file descriptors.
        cpu_s: CPU time since the start of the process.
    """

    rss_kib: float
    pss_kib: float
    anonymous_kib: float
    threads: int
    files: int
    cpu_s: float


def look(pid: int) -> Look:
    """Sample a process of this user.

    Raises:
        OSError: It has ended.
    """
    home = Path(f"/proc/{pid}")
    memory = _numbers(home / "smaps_rollup")
    fields = (home / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return Look(
        rss_kib=memory["Rss"],
        pss_kib=memory["Pss"],
        anonymous_kib=memory["Anonymous"],
        threads=_numbers(home / "status")["Threads"],
        files=len(list((home / "fd").iterdir())),
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_HZ,
    )


def _numbers(path: Path) -> dict[str, int]:
    found = {}
    for line in path.read_text("ascii", "replace").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found


def joined(looks: Sequence[Look]) -> Look:
    """Combine several samples: median of the memory, maximum of the counts."""
    return Look(
        rss_kib=statistics.median(each.rss_kib for each in looks),
        pss_kib=statistics.median(each.pss_kib for each in looks),
        anonymous_kib=statistics.median(each.anonymous_kib for each in looks),
        threads=max(each.threads for each in looks),
        files=max(each.files for each in looks),
        cpu_s=looks[-1].cpu_s,
    )
