"""Description of the machine and software of a measurement."""

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fer_edge import __version__
from fer_edge.inference.kernel import read_text
from fer_edge.inference.runtime import find_runtime


@dataclass(frozen=True, slots=True)
class Device:
    """The machine and the software of a measurement.

    Attributes:
        board: Name of the board from the device tree; empty if there is none (x86-64).
        cpu: Name of the processor.
        machine: Architecture, such as x86_64 or aarch64.
        cores: CPU cores that this process may use.
        governor: Frequency governor of the first core; "unknown" in most virtual machines.
        load: Load average of the last minute at the start of the measurement.
        system: Kernel name and release.
        versions: Names and versions of the software involved.
    """

    board: str
    cpu: str
    machine: str
    cores: int
    governor: str
    load: float
    system: str
    versions: tuple[str, ...]


def describe_device() -> Device:
    """Collect the description of this machine."""
    runtime = find_runtime()
    return Device(
        board=read_text(Path("/proc/device-tree/model")),
        cpu=_cpu_name(),
        machine=platform.machine(),
        cores=usable_cores(),
        governor=read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
        or "unknown",
        load=os.getloadavg()[0],
        system=f"{platform.system()} {platform.release()}",
        versions=(
            f"fer-edge {__version__}",
            f"{runtime.name} {runtime.version}",
            f"numpy {metadata.version('numpy')}",
            f"python {platform.python_version()}",
        ),
    )


def usable_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    for line in read_text(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):  # Arm kernels report the board instead
            return value.strip()
    return platform.processor() or "unknown"
