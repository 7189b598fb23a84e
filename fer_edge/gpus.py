"""NVIDIA GPUs of this machine, queried from the kernel, without CUDA.

A GPU that a training library does not see costs hours, since the library silently falls back to the
CPU. AMD and Intel GPUs are ignored: no wheel of fer-edge's extras can train on them.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fer_edge.child import clean_environment

_NVIDIA = "0x10de"
_DISPLAY = "0x03"
"""First digits of the PCI class of display controllers, including 3D controllers."""
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    Attributes:
        name: Name from its driver; its PCI address without a driver.
        has_driver: Whether NVIDIA's driver is active.
    """

    name: str
    has_driver: bool


def find_gpus(root: Path = Path("/")) -> tuple[Gpu, ...]:
    """Return the NVIDIA GPUs of this machine.

    Args:
        root: Folder that contains /proc and /sys.
    """
    driven = sorted(_driven(root))
    if not driven and root == Path("/"):
        driven = _listed()  # WSL has neither /proc/driver nor a PCI device
    if driven:
        return tuple(Gpu(name, has_driver=True) for name in driven)
    return tuple(Gpu(address, has_driver=False) for address in sorted(_on_pci(root)))


def _driven(root: Path) -> list[str]:
    """Return the models listed by NVIDIA's driver."""
    names = []
    for file in (root / "proc/driver/nvidia/gpus").glob("*/information"):
        for line in _read(file).splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "Model":
                names.append(value.strip())
    return names


def _listed() -> list[str]:
    """Return the models listed by nvidia-smi: `GPU 0: NVIDIA H100 (UUID: GPU-...)`."""
    command = shutil.which("nvidia-smi") or shutil.which("/usr/lib/wsl/lib/nvidia-smi")
    if command is None:
        return []
    try:
        done = subprocess.run(
            [command, "-L"],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line for line in done.stdout.splitlines() if line.startswith("GPU ")]
    return sorted(line.partition(": ")[2].partition(" (UUID")[0] for line in lines)


def _on_pci(root: Path) -> list[str]:
    """Return the PCI addresses of NVIDIA's display controllers."""
    return [
        place.name
        for place in (root / "sys/bus/pci/devices").glob("*")
        if _read(place / "vendor").strip() == _NVIDIA
        and _read(place / "class").startswith(_DISPLAY)
    ]


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
