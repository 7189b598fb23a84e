"""Checks of the files that a run leaves behind."""

import csv
import json
from pathlib import Path

import av


def torn_lines(path: Path, *, last_may_be_torn: bool = False) -> list[str]:
    """Return a message for each incomplete line of a JSONL file."""
    if not path.exists():
        return []
    data = path.read_bytes()
    lines = data.split(b"\n")
    faults = [] if not lines[-1] or last_may_be_torn else [f"{path.name} ends in half a line"]
    for number, line in enumerate(lines[:-1]):
        try:
            json.loads(line)
        except ValueError:
            faults.append(f"{path.name}, line {number}: {line[:60]!r}")
    return faults


def torn_rows(path: Path) -> list[str]:
    """Return a message for each incomplete row of a CSV file."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    faults = [f"{path.name}: {row}" for row in rows if len(row) != len(rows[0])]
    return faults + ([f"{path.name} ends in half a line"] if text and text[-1] != "\n" else [])


def frames_of(path: Path) -> int:
    """Return the number of frames of a video; -1 if it cannot be read."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(video=0))
    except av.error.FFmpegError:
        return -1


def leftovers(folder: Path) -> list[str]:
    """Return a message for each temporary file that an orderly run would have removed."""
    return [f"{path.name} was left" for path in folder.iterdir() if path.name.startswith(".")]
