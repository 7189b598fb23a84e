"""What a run may leave behind, however it ended."""

import csv
import json
from pathlib import Path

import av


def torn_lines(path: Path, *, last_may_be_torn: bool = False) -> list[str]:
    """Say which lines of a JSONL file are not whole."""
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
    """Say which rows of a CSV file are not whole."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    faults = [f"{path.name}: {row}" for row in rows if len(row) != len(rows[0])]
    return faults + ([f"{path.name} ends in half a line"] if text and text[-1] != "\n" else [])


def frames_of(path: Path) -> int:
    """Count the frames of a video; -1 where it cannot be opened."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(video=0))
    except av.error.FFmpegError:
        return -1


def leftovers(folder: Path) -> list[str]:
    """Name temporary files that a run in good order would have removed."""
    return [f"{path.name} was left" for path in folder.iterdir() if path.name.startswith(".")]
