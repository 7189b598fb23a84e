"""Files of /proc, /sys, /dev and /usr, as on a Raspberry Pi 4 and a Raspberry Pi 5."""

from pathlib import Path

GB = 1024 * 1024  # in the kB of /proc/meminfo

_CORE = (
    "processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {features}\n"
    "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {part}\n"
    "CPU revision\t: 3\n\n"
)
_PI4_NODES = {
    0: "unicam-image",
    1: "unicam-embedded",
    10: "bcm2835-codec-decode",
    11: "bcm2835-codec-encode",
    12: "bcm2835-codec-isp",
    13: "bcm2835-isp-output0",
    14: "bcm2835-isp-capture0",
    16: "bcm2835-isp-stats0",
    18: "bcm2835-codec-image_fx",
    19: "rpivid",
    31: "bcm2835-codec-encode_image",
}
_PI5_NODES = {
    19: "rpi-hevc-dec",
    20: "pispbe-input",
    21: "pispbe-tdn_input",
    22: "pispbe-stitch_input",
    23: "pispbe-output0",
    28: "pispbe-config",
}


def write(root: Path, path: str, text: str = "") -> Path:
    """Write one file of a tree; return its path."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def add_video_node(root: Path, number: int, name: str, index: int = 0) -> None:
    """Add a V4L2 node; a USB camera has index 0 for its images and index 1 for metadata."""
    write(root, f"sys/class/video4linux/video{number}/name", f"{name}\n")
    write(root, f"sys/class/video4linux/video{number}/index", f"{index}\n")
    write(root, f"dev/video{number}")


def add_vcgencmd(root: Path, answer: str) -> None:
    """Add vcgencmd, the program that queries a Raspberry Pi's firmware."""
    program = write(root, "usr/bin/vcgencmd", f'#!/bin/sh\n[ "$1" = get_throttled ] && {answer}\n')
    program.chmod(0o755)


def set_meminfo(root: Path, total: int, available: int, swap: int, swap_free: int) -> None:
    """Write /proc/meminfo; sizes in kB."""
    text = (
        f"MemTotal:       {total:8} kB\nMemFree:          123456 kB\n"
        f"MemAvailable:   {available:8} kB\nBuffers:           40000 kB\n"
        f"SwapTotal:      {swap:8} kB\nSwapFree:       {swap_free:8} kB\n"
    )
    write(root, "proc/meminfo", text)


def _board(root: Path, model: str, part: str, features: str, governor: str, celsius: float) -> Path:
    write(root, "proc/device-tree/model", f"{model}\0")
    cores = "".join(_CORE.format(number=n, features=features, part=part) for n in range(4))
    write(root, "proc/cpuinfo", f"{cores}Revision\t: c03114\nModel\t\t: {model}\n")
    for number in range(4):
        folder = f"sys/devices/system/cpu/cpu{number}/cpufreq"
        write(root, f"{folder}/scaling_governor", f"{governor}\n")
    write(root, "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    write(root, "sys/class/thermal/thermal_zone0/temp", f"{round(1000 * celsius)}\n")
    write(root, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    write(root, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    write(root, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    return root


def pi4(root: Path) -> Path:
    """Write the files of a warm Pi 4 with a CSI camera and a weak power supply; return the root."""
    _board(
        root,
        "Raspberry Pi 4 Model B Rev 1.4",
        "0xd08",
        "fp asimd evtstrm crc32 cpuid",
        "ondemand",
        74.5,
    )
    set_meminfo(root, 2 * GB, GB, 102396, 102396)
    for number, name in _PI4_NODES.items():
        add_video_node(root, number, name)
    write(root, "sys/bus/i2c/devices/10-001a/name", "imx708\n")
    write(root, "sys/bus/i2c/devices/i2c-1/name", "bcm2835 (i2c@7e804000)\n")
    add_vcgencmd(root, "echo throttled=0x50005")
    return root


def pi5(root: Path) -> Path:
    """Write the files of a cool Pi 5 with a webcam and a good power supply; return the root."""
    _board(
        root,
        "Raspberry Pi 5 Model B Rev 1.0",
        "0xd0b",
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc "
        "dcpop asimddp",
        "performance",
        48.2,
    )
    set_meminfo(root, 8 * GB, 7 * GB, 524272, 524272)
    for number, name in _PI5_NODES.items():
        add_video_node(root, number, name)
    add_video_node(root, 0, "HD Pro Webcam C920")
    add_video_node(root, 1, "HD Pro Webcam C920", index=1)
    add_vcgencmd(root, "echo throttled=0x0")
    return root
