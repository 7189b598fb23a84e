"""A live run with JSONL, CSV and video outputs, and its progress."""

import time
from pathlib import Path

_PATIENCE_S = 120.0
"""Longest wait for lines: a program under faketime starts slowly, above all on a busy machine."""


def run(url: str, folder: Path, *options: object) -> list[object]:
    """Return the arguments of `fer-edge` for a run that writes to the folder `out`."""
    files = ["--jsonl", folder / "out" / "a.jsonl", "--csv", folder / "out" / "a.csv"]
    return [
        *("run", "--input", url, "--detector", "none", "--quiet", *files),
        *("--video", folder / "out" / "a.mkv", *options),
    ]


def count_lines(folder: Path) -> int:
    """Return the number of frames that the run has written so far."""
    path = folder / "out" / "a.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def await_lines(folder: Path, least: int) -> bool:
    """Wait until the run has written `least` frames; return whether it has."""
    end_s = time.monotonic() + _PATIENCE_S
    while count_lines(folder) < least and time.monotonic() < end_s:
        time.sleep(0.005)
    return count_lines(folder) >= least
