"""Which cameras this device has, and whether this user may open them."""

import importlib.util
import os
import struct
import subprocess
import sys
from pathlib import Path

from fer_edge.inference.kernel import read_text

from .finding import Finding

_PARTS_OF_A_PI = (
    *("bcm2835-codec", "bcm2835-isp", "bcm2835_isp", "pispbe", "rpivid", "rpi-hevc-dec"),
    "rpi-h264",
)
"""Names of video nodes that are not cameras: decoders, encoders, image processors."""

_SENSOR_RECEIVERS = ("unicam", "rp1-cfe")
"""Names of the nodes that a camera on the CSI port sends raw sensor data to."""

_SENSORS = (
    *("ov5647", "ov7251", "ov9281", "ov64a40"),
    *("imx219", "imx290", "imx296", "imx378", "imx415", "imx462", "imx477", "imx500", "imx519"),
    *("imx708", "arducam"),
)

_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP, for the 104 bytes of struct v4l2_capability (linux/videodev2.h)."""

_IMPORT_S = 30.0
"""picamera2 loads in 2 to 5 s from an SD card."""

_CAPTURES, _CAPTURES_PLANES, _HAS_DEVICE_CAPS = 0x1, 0x1000, 0x80000000


def examine_cameras(root: Path) -> list[Finding]:
    """Look for cameras on V4L2 and on the CSI port.

    Args:
        root: Where /sys and /dev stand.
    """
    findings, has_csi = [], bool(_csi_sensors(root))
    folders = sorted(root.glob("sys/class/video4linux/video*"), key=_number)
    for folder in folders:
        name = read_text(folder / "name")
        if name.startswith(_SENSOR_RECEIVERS):
            has_csi = True
        elif _is_camera(root, folder, name):
            findings.append(_examine_node(root / "dev" / folder.name, folder, name))
    if has_csi:
        findings.append(_examine_csi(root))
    if not findings:
        findings.append(
            Finding(
                "camera",
                "note",
                "none found (no capture device in /dev/video*, no sensor on the CSI port)",
                "plug one in, or read a file or a stream with --input; in a container pass "
                "--device /dev/video0",
            )
        )
    return findings


def _examine_node(node: Path, folder: Path, name: str) -> Finding:
    number = _number(folder)
    text = f"{name or 'without a name'} at /dev/{node.name}: --camera {number}"
    if not node.exists():
        advice = "in a container pass --device /dev/" + node.name
        return Finding("camera", "warning", f"{text}, but /dev has no such file", advice)
    if not os.access(node, os.R_OK | os.W_OK):
        return Finding(
            "camera",
            "warning",
            f"{text}, but this user may not open it",
            "sudo usermod -aG video $USER, then log in again",
        )
    return Finding("camera", "ok", text)


def _examine_csi(root: Path) -> Finding:
    sensors = ", ".join(_csi_sensors(root)) or "a sensor"
    text = f"{sensors} on the CSI port: --camera picamera2"
    if importlib.util.find_spec("picamera2") is None:
        return Finding(
            "camera",
            "warning",
            f"{text}, but this Python has no picamera2",
            "sudo apt install python3-picamera2, and make the virtual environment with: "
            "python3 -m venv --system-site-packages",
        )
    reason = _why_picamera2_fails()
    if reason:
        from ...capture.pi_camera import advice_for

        return Finding(
            "camera",
            "warning",
            f"{text}, but picamera2 cannot be imported ({reason})",
            advice_for(reason),
        )
    return Finding("camera", "ok", text)


def _why_picamera2_fails() -> str:
    """Import picamera2 in a process of its own, which a module of another NumPy may crash."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import picamera2"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_IMPORT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_IMPORT_S:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1].strip() if done.returncode > 0 and lines else f"exit code {done.returncode}"


def _is_camera(root: Path, folder: Path, name: str) -> bool:
    if name.startswith(_PARTS_OF_A_PI):
        return False
    can_capture = _asks_driver(root / "dev" / folder.name)
    if can_capture is not None:
        return can_capture
    # a USB camera's second node has its metadata
    return read_text(folder / "index") in ("", "0")


def _asks_driver(node: Path) -> bool | None:
    """Ask the driver whether it captures pictures; None where it cannot be asked."""
    try:
        import fcntl

        descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except (ImportError, OSError):
        return None
    try:
        answer = fcntl.ioctl(descriptor, _QUERYCAP, bytes(104))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    # driver[16], card[32], bus_info[32], version, capabilities, device_caps, reserved[3]
    whole, of_node = struct.unpack_from("<II", answer, 84)
    flags = of_node if whole & _HAS_DEVICE_CAPS else whole
    return bool(flags & (_CAPTURES | _CAPTURES_PLANES))


def _csi_sensors(root: Path) -> list[str]:
    names = {read_text(path) for path in root.glob("sys/bus/i2c/devices/*/name")}
    return sorted(name for name in names if name.startswith(_SENSORS))


def _number(folder: Path) -> int:
    digits = folder.name.removeprefix("video")
    return int(digits) if digits.isdigit() else 0
