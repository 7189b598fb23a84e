"""Values from the small files of /proc, /sys and the device tree."""

from pathlib import Path


def read_text(path: Path) -> str:
    """Read such a file without its line end or zero byte; empty if it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip(" \t\n\0")
    except OSError:
        return ""
