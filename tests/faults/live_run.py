"""A live run with files of lines and a video, and how far it has come."""

import time
from pathlib import Path

_PATIENCE_S = 120.0
"""A program under another clock starts slowly, and slower where others work."""


def run(url: str, folder: Path, *options: object) -> list[object]:
    """Return the command line of a run into the folder `out`, without `fer-edge`."""
    files = ["--jsonl", folder / "out" / "a.jsonl", "--csv", folder / "out" / "a.csv"]
    return [
        *("run", "--input", url, "--detector", "none", "--quiet", *files),
        *("--video", folder / "out" / "a.mkv", *options),
    ]


def count_lines(folder: Path) -> int:
    """Count the frames that were read so far."""
    path = folder / "out" / "a.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def await_lines(folder: Path, least: int) -> bool:
    """Wait for so many frames; return whether they came."""
    end_s = time.monotonic() + _PATIENCE_S
    while count_lines(folder) < least and time.monotonic() < end_s:
        time.sleep(0.005)
    return count_lines(folder) >= least
