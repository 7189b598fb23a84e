"""Facts about the device, collected in one round trip, that determine what is sent to it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .place import Place, user_name

_PYTHONS = ("python3", *(f"python3.{minor}" for minor in range(14, 9, -1)))
_QUESTION = (
    "import sys, importlib.util as u; "
    "print(*sys.version_info[:3], sys.maxsize > 2**32, u.find_spec('ensurepip') is not None)"
)
_CORALS = {("1a6e", "089a"), ("18d1", "9302")}
"""USB ids of a Coral accelerator, before and after its firmware is loaded."""


def look(place: Place, manager: str) -> dict[str, Any]:
    """Collect the facts.

    Args:
        place: Folder of the releases, which may not exist yet.
        manager: Service manager: "user", "system" or "".
    """
    disk = place.base
    while not disk.exists():
        disk = disk.parent
    return {
        "machine": platform.machine(),
        "system": _system(),
        "board": _text("/proc/device-tree/model"),
        "glibc": _glibc(),
        "pythons": _pythons(),
        "free_disk_mb": shutil.disk_usage(str(disk)).free // 1_000_000,
        "memory_mb": _memory_mb("MemTotal"),
        "free_memory_mb": _memory_mb("MemAvailable"),
        "cameras": sorted(map(str, Path("/dev").glob("video[0-9]*"))),
        "edge_tpu": _edge_tpu(),
        "user": user_name(),
        "is_system": place.is_system,
        "manager": manager,
        "lingers": place.lingers(),
        "base": str(place.base),
    }


def _system() -> str:
    for line in _text("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip("\"'")
    return f"{platform.system()} {platform.release()}"


def _glibc() -> str:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (OSError, ValueError):
        return ""
    return version if name == "glibc" else ""


def _pythons() -> list[dict[str, Any]]:
    found, seen = [], set()
    for name in _PYTHONS:
        path = shutil.which(name)
        if path is None or os.path.realpath(path) in seen:
            continue
        seen.add(os.path.realpath(path))
        words = _ask(path)
        if len(words) == 5:
            version = ".".join(words[:3])
            found.append(
                {
                    "path": path,
                    "version": version,
                    "is_64_bit": words[3] == "True",
                    "has_pip": words[4] == "True",
                }
            )
    return found


def _ask(path: str) -> list[str]:
    if os.path.realpath(path) == os.path.realpath(
        sys.executable
    ):  # this Python itself: no new process
        from importlib.util import find_spec

        bits, pip = sys.maxsize > 2**32, find_spec("ensurepip") is not None
        return [*map(str, sys.version_info[:3]), str(bits), str(pip)]
    try:
        done = subprocess.run(
            [path, "-I", "-c", _QUESTION], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=False, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("ascii", "replace").split()


def _memory_mb(key: str) -> int:
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) // 1000
    return 0


def _edge_tpu() -> str:
    apex = sorted(map(str, Path("/dev").glob("apex_*")))
    if apex:
        return apex[0]
    for folder in Path("/sys/bus/usb/devices").glob("*"):
        ids = (_text(f"{folder}/idVendor"), _text(f"{folder}/idProduct"))
        if ids in _CORALS:
            return f"USB {':'.join(ids)}"
    return ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace").strip("\0\n ")
    except OSError:
        return ""
