"""Conditions of a measurement: temperature, load, and other programs."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from .description import usable_cores
from .thermals import HOT_C, cpu_temperature_celsius, read_throttling

_USER, _NICE, _SYSTEM, _IDLE, _IOWAIT, _IRQ, _SOFTIRQ, _STEAL = range(8)
"""Columns of the first line of /proc/stat, in clock ticks (proc(5))."""

_SAVING_GOVERNORS = ("powersave", "conservative")

BUSY_CORES = 0.2
STOLEN_SHARE = 0.01
LOAD_PER_CORE = 0.5


@dataclass(frozen=True, slots=True)
class Conditions:
    """The machine during a measurement.

    Attributes:
        seconds: Duration of the measurement.
        load_before: Load average of the last minute at its start.
        load_after: Load average at its end, which includes the measurement itself.
        temperature_before_c: Temperature of the processor, degrees Celsius; None without a sensor.
        temperature_after_c: Temperature at its end.
        other_cores: CPU cores kept busy by other programs; None if unknown.
        stolen_share: Share of the CPU time that a hypervisor gave to others; None if unknown.
        warnings: Reasons why the figures are worse than they should be.
    """

    seconds: float
    load_before: float
    load_after: float
    temperature_before_c: float | None
    temperature_after_c: float | None
    other_cores: float | None
    stolen_share: float | None
    warnings: tuple[str, ...] = ()


class Watch:
    """Observes the machine from its creation until `conditions` is called."""

    def __init__(self) -> None:
        """Read the clocks, the load and the temperature."""
        self._started = time.monotonic()
        self._load = os.getloadavg()[0]
        self._temperature = cpu_temperature_celsius()
        self._ticks = _cpu_ticks()
        self._own = _own_seconds()

    def conditions(self, governor: str) -> Conditions:
        """Read them again; `governor` is the name of the frequency governor."""
        seconds = time.monotonic() - self._started
        others = stolen = None
        ticks = _cpu_ticks()
        if self._ticks and ticks:
            passed = [after - before for before, after in zip(self._ticks, ticks, strict=True)]
            busy = sum(passed) - passed[_IDLE] - passed[_IOWAIT] - passed[_STEAL]
            own = _own_seconds() - self._own
            others = max(0.0, busy / os.sysconf("SC_CLK_TCK") - own) / seconds
            stolen = passed[_STEAL] / max(1, sum(passed))
        after, throttling = cpu_temperature_celsius(), read_throttling()
        return Conditions(
            seconds=seconds,
            load_before=self._load,
            load_after=os.getloadavg()[0],
            temperature_before_c=self._temperature,
            temperature_after_c=after,
            other_cores=others,
            stolen_share=stolen,
            warnings=_warnings(
                governor, self._load, others, stolen, after, throttling.now if throttling else ()
            ),
        )


def _warnings(
    governor: str,
    load: float,
    others: float | None,
    stolen: float | None,
    hottest_c: float | None,
    throttling: tuple[str, ...] = (),
) -> tuple[str, ...]:
    cores, found = usable_cores(), []
    if others is not None and others > BUSY_CORES:
        found.append(
            f"other programs kept {others:.1f} of {cores} cores busy during the measurement: "
            "latencies are too high, especially the upper percentiles; measure again on an idle "
            "machine"
        )
    elif load > LOAD_PER_CORE * cores:
        found.append(f"the load average was {load:.1f} on {cores} cores at the start")
    if stolen is not None and stolen > STOLEN_SHARE:
        found.append(f"the hypervisor gave {stolen:.1%} of the CPU time to other machines")
    if governor in _SAVING_GOVERNORS:
        found.append(
            f"the frequency governor is '{governor}', which saves power; for the device's full "
            "speed: echo performance | sudo tee "
            "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        )
    if hottest_c is not None and hottest_c >= HOT_C:
        found.append(f"the CPU reached {hottest_c:.0f} degrees Celsius and may have been throttled")
    if throttling:
        found.append(f"the board throttles its processor: {', '.join(throttling)}")
    return tuple(found)


def _cpu_ticks() -> list[int] | None:
    try:
        line = Path("/proc/stat").read_text("ascii", "replace").partition("\n")[0]
    except OSError:
        return None
    ticks = [int(word) for word in line.split()[1 : 1 + _STEAL + 1]]
    return ticks if len(ticks) == _STEAL + 1 else None


def _own_seconds() -> float:
    """Return the CPU seconds of this process, its threads, and its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
