"""Cameras of this device, and whether this user has access."""

import importlib.util
import os
import subprocess
from pathlib import Path

from fer_edge.child import clean_environment, import_command
from fer_edge.inference.kernel import read_text

from ...capture.video_nodes import SENSOR_RECEIVERS, VideoNode, cameras, holders
from .finding import Finding

_SENSORS = (
    *("ov5647", "ov7251", "ov9281", "ov64a40"),
    *("imx219", "imx290", "imx296", "imx378", "imx415", "imx462", "imx477", "imx500", "imx519"),
    *("imx708", "arducam"),
)

_IN_USE = "only one program can use a camera; if it is not fer-edge, end it"

_IMPORT_S = 30.0
"""picamera2 takes 2 to 5 s to load from an SD card."""


def examine_cameras(root: Path) -> list[Finding]:
    """Find cameras on V4L2 and on the CSI port.

    Args:
        root: Folder that contains /sys and /dev.
    """
    has_csi = bool(_csi_sensors(root)) or any(
        read_text(path).startswith(SENSOR_RECEIVERS)
        for path in root.glob("sys/class/video4linux/video*/name")
    )
    findings = [_examine_node(node, root) for node in cameras(root)]
    if has_csi:
        findings.append(_examine_csi(root))
    if not findings:
        findings.append(
            Finding(
                "camera",
                "note",
                "none found (no capture device in /dev/video*, no sensor on the CSI port)",
                "plug one in, or read a file or stream with --input; in a container pass "
                "--device /dev/video0",
            )
        )
    return findings


def _examine_node(node: VideoNode, root: Path) -> Finding:
    device = Path("/dev") / node.path.name
    text = f"{node.name or 'without a name'} at {device}: --camera {node.number}"
    if node.lasting:
        text += f" or /{node.lasting[0].relative_to(root)}"
    if not node.path.exists():
        advice = f"in a container pass --device {device}"
        return Finding("camera", "warning", f"{text}, but its file in /dev is missing", advice)
    if not os.access(node.path, os.R_OK | os.W_OK):
        return Finding(
            "camera",
            "warning",
            f"{text}, but this user has no access",
            f"sudo usermod -aG {_group(node.path)} $USER, then log in again",
        )
    if names := holders(node.path):
        return Finding("camera", "note", f"{text}, in use by {', '.join(names)}", _IN_USE)
    return Finding("camera", "ok", text)


def _group(path: Path) -> str:
    import grp

    try:
        name = grp.getgrgid(path.stat().st_gid).gr_name
    except (KeyError, OSError):
        return "video"
    return "video" if name in ("root", "nogroup") else name


def _examine_csi(root: Path) -> Finding:
    sensors = ", ".join(_csi_sensors(root)) or "a sensor"
    text = f"{sensors} on the CSI port: --camera picamera2"
    if importlib.util.find_spec("picamera2") is None:
        return Finding(
            "camera",
            "warning",
            f"{text}, but this Python has no picamera2",
            "sudo apt install python3-picamera2, and create the virtual environment with: "
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
    """Import picamera2 in a separate process, since a module built for another NumPy may crash."""
    try:
        done = subprocess.run(
            import_command("picamera2"),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_IMPORT_S,
            check=False,
            env=clean_environment(),
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_IMPORT_S:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1].strip() if done.returncode > 0 and lines else f"exit code {done.returncode}"


def _csi_sensors(root: Path) -> list[str]:
    names = {read_text(path) for path in root.glob("sys/bus/i2c/devices/*/name")}
    return sorted(name for name in names if name.startswith(_SENSORS))
