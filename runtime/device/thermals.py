"""Temperature of the processor, and throttling by the board, as reported by the kernel."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fer_edge.child import clean_environment
from fer_edge.inference.kernel import read_text

_BITS = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Bits of Raspberry Pi's `get_throttled` (documentation of vcgencmd); 16 bits higher: since
boot."""

HOT_C = 80.0
"""Temperature from which a Raspberry Pi 3 to 5 throttles (its documentation, "Frequency management
and thermal control"), degrees Celsius."""

_CPU_ZONES = ("cpu", "soc", "x86_pkg", "package", "acpitz", "coretemp")
_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Throttling:
    """Reasons why the board throttles its processor, in words.

    Attributes:
        now: under-voltage, frequency capped, throttled, soft temperature limit.
        since_boot: The same words, for events since boot.
    """

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


def cpu_temperature_celsius(root: Path = Path("/")) -> float | None:
    """Return the processor's temperature; None if the kernel does not report it.

    The hottest of the processor's zones; of all zones if none has its name.

    Args:
        root: Folder that contains /sys.
    """
    zones: list[tuple[bool, float]] = []
    for zone in root.glob("sys/class/thermal/thermal_zone*"):
        kind, value = read_text(zone / "type").lower(), read_text(zone / "temp")
        if value.lstrip("-").isdigit():  # in thousandths of a degree; some zones cannot be read
            zones.append((any(name in kind for name in _CPU_ZONES), int(value) / 1000))
    ours = [celsius for is_cpu, celsius in zones if is_cpu] or [celsius for _, celsius in zones]
    return max(ours, default=None)


def read_throttling(root: Path = Path("/")) -> Throttling | None:
    """Query a Raspberry Pi for its throttling; None on other boards.

    `vcgencmd` is preferred. The kernel's `get_throttled` is deprecated, and reading it logs a
    kernel warning; it and hwmon's voltage alarm are used if the program is missing.

    Args:
        root: Folder that contains /sys and /usr.
    """
    value = _from_program(root)
    if value is None:
        value = _hexadecimal(
            read_text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
        )
    if value is None:
        value = _from_alarm(root)
    return None if value is None else decode_throttling(value)


def decode_throttling(value: int) -> Throttling:
    """Convert the bits of `get_throttled` to words."""
    return Throttling(
        now=tuple(word for bit, word in _BITS.items() if value >> bit & 1),
        since_boot=tuple(word for bit, word in _BITS.items() if value >> (bit + 16) & 1),
    )


def _from_program(root: Path) -> int | None:
    program = shutil.which("vcgencmd", path=str(root / "usr/bin"))
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "get_throttled"],
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, value = done.stdout.strip().partition("=")  # throttled=0x50000
    return _hexadecimal(value) if name == "throttled" else None


def _from_alarm(root: Path) -> int | None:
    for folder in root.glob("sys/class/hwmon/hwmon*"):
        if read_text(folder / "name") == "rpi_volt":
            return int(read_text(folder / "in0_lcrit_alarm") == "1")
    return None


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
