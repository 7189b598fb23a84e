"""Processor, governor, temperature, power, memory and disk, as reported by the kernel."""

import os
import shutil
import struct
from pathlib import Path

from fer_edge.inference.kernel import read_text
from fer_edge.limits import process_limits

from ..thermals import HOT_C, cpu_temperature_celsius, read_throttling
from .control_group import group_memory_mb
from .finding import Finding, Status

_WARM_C = 70.0
"""Temperature from which better cooling is advised, degrees Celsius; at `HOT_C` boards throttle."""

_NEEDED_MB = 160
"""Free memory or disk below which `fer-edge run` is at risk: its peak is about 100 MB."""

_PARTS = {
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1",
    "0xd40": "Neoverse-V1",
    "0xd41": "Cortex-A78",
    "0xd49": "Neoverse-N2",
}
"""CPU part numbers of Arm (implementer 0x41), from the reference manuals (MIDR_EL1)."""


def examine_board(root: Path) -> list[Finding]:
    """Check the board and its state.

    Args:
        root: Folder that contains /proc and /sys.
    """
    return [
        _processor(root),
        _governor(root),
        _temperature(root),
        _throttling(root),
        _memory(root),
        _swap(root),
    ]


def examine_disk(folder: Path) -> list[Finding]:
    """Check the free space for outputs."""
    free_mb = shutil.disk_usage(folder).free / 1e6
    text = f"{free_mb / 1e3:.1f} GB free at {folder}"
    if free_mb < _NEEDED_MB:
        return [Finding("disk", "warning", text, "free some space before you record anything")]
    if free_mb < 1000:
        return [Finding("disk", "note", text, "one hour of video takes about as much")]
    return [Finding("disk", "ok", text)]


def _processor(root: Path) -> Finding:
    board = read_text(root / "proc/device-tree/model")
    cpu = _cpu(root)
    cores = len(_cpu_values(root, "processor"))
    usable = cores if root != Path("/") else len(os.sched_getaffinity(0))
    bits = struct.calcsize("P") * 8
    name = ", ".join(part for part in (board, cpu) if part) or "unknown processor"
    text = f"{name}, {cores} core{'s' if cores != 1 else ''}, {bits} bits"
    if usable < cores:
        text += f", {usable} of them for this process"
    if bits < 64:
        advice = "install the 64-bit system: neither LiteRT nor OpenCV has wheels for this one"
        return Finding("processor", "warning", text, advice)
    features = " ".join(_cpu_values(root, "Features")).split()
    if features and "asimddp" not in features:
        text += ", without the int8 dot products (asimddp) that a Raspberry Pi 5 has"
    return Finding("processor", "ok", text)


def _cpu(root: Path) -> str:
    names = _cpu_values(root, "model name")
    if names:
        return names[0]
    parts = dict.fromkeys(_cpu_values(root, "CPU part"))
    return " and ".join(_PARTS.get(part, f"Arm part {part}") for part in parts)


def _cpu_values(root: Path, key: str) -> list[str]:
    lines = (line.partition(":") for line in read_text(root / "proc/cpuinfo").splitlines())
    return [value.strip() for name, _, value in lines if name.strip() == key]


def _governor(root: Path) -> Finding:
    files = root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    governors = sorted({read_text(path) for path in files} - {""})
    if not governors:
        return Finding("governor", "ok", "the kernel names none, as in most virtual machines")
    text = ", ".join(governors)
    if governors == ["performance"]:
        return Finding("governor", "ok", text)
    return Finding(
        "governor",
        "note",
        f"{text}: cores slow down between frames, so latency varies",
        "for steady latency: echo performance | sudo tee "
        "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )


def _temperature(root: Path) -> Finding:
    celsius = cpu_temperature_celsius(root)
    if celsius is None:
        return Finding("temperature", "ok", "the kernel names none, as in most virtual machines")
    text = f"{celsius:.0f} °C"
    if celsius >= HOT_C:
        return Finding("temperature", "warning", f"{text}, too hot", "add a heat sink or a fan")
    if celsius >= _WARM_C:
        advice = f"improve the cooling: a Raspberry Pi throttles at {HOT_C:.0f} °C"
        return Finding("temperature", "note", f"{text}, warm", advice)
    return Finding("temperature", "ok", text)


def _throttling(root: Path) -> Finding:
    state = read_throttling(root)
    if state is None:
        return Finding("throttling", "ok", "the kernel does not report it on this machine")
    if not state.now and not state.since_boot:
        return Finding("throttling", "ok", "none, and the voltage is enough")
    is_low = any("voltage" in item for item in (*state.now, *state.since_boot))
    advice = (
        "use the power supply made for the board (Pi 4: 5 V 3 A, Pi 5: 5 V 5 A) and a short cable"
        if is_low
        else "add a heat sink or a fan"
    )
    past = [item for item in state.since_boot if item not in state.now]
    parts = [f"now: {', '.join(state.now)}"] if state.now else []
    parts += [f"since boot: {', '.join(past)}"] if past else []
    status: Status = "warning" if state.now else "note"
    return Finding("throttling", status, "; ".join(parts), advice)


def _memory(root: Path) -> Finding:
    total_mb, free_mb = _meminfo_mb(root, "MemTotal"), _meminfo_mb(root, "MemAvailable")
    if total_mb is None or free_mb is None:
        return Finding("memory", "ok", "the kernel does not tell")
    text = f"{free_mb:,.0f} of {total_mb:,.0f} MB available"
    group_mb = group_memory_mb(root)
    if group_mb is not None and group_mb < total_mb:
        text += f", at most {group_mb:,.0f} MB for this control group"
        if group_mb < _NEEDED_MB:
            advice = "raise its limit (MemoryMax= of a service, --memory of a container)"
            return Finding("memory", "warning", f"{text}, which is low for fer-edge run", advice)
    if free_mb < _NEEDED_MB:
        return Finding(
            "memory",
            "warning",
            f"{text}, which is low for fer-edge run",
            "end other programs; a desktop uses the most (sudo systemctl set-default "
            "multi-user.target)",
        )
    for words, most_mb, least_mb in process_limits():
        text += f"; at most {most_mb:,.0f} MB of {words}, at least {least_mb:.0f} needed"
    return Finding("memory", "ok", f"{text}; fer-edge run needs {_NEEDED_MB}")


def _swap(root: Path) -> Finding:
    total_mb, free_mb = _meminfo_mb(root, "SwapTotal"), _meminfo_mb(root, "SwapFree")
    memory_mb = _meminfo_mb(root, "MemTotal")
    if total_mb is None or free_mb is None or memory_mb is None:
        return Finding("swap", "ok", "the kernel does not tell")
    if total_mb == 0:
        if memory_mb < 1100:
            advice = "add swap, or pip may run out of memory: on Raspberry Pi OS install zram-tools"
            return Finding("swap", "note", "none, on a machine with 1 GB of memory or less", advice)
        return Finding("swap", "ok", "none")
    used_mb = total_mb - free_mb
    text = f"{used_mb:,.0f} of {total_mb:,.0f} MB in use"
    if used_mb > total_mb / 2:
        return Finding("swap", "note", text, "memory is low: frames stall while the system swaps")
    return Finding("swap", "ok", text)


def _meminfo_mb(root: Path, key: str) -> float | None:
    for line in read_text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) / 1024
    return None
