"""Standard error: a host program's text is kept; the command line hides libraries' messages."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest


def test_a_host_program_loses_no_line_while_a_clip_is_read(clip: Path) -> None:
    program = (
        "import os, sys, threading\n"
        "from fer_edge import Recognizer\n"
        "over, count = threading.Event(), 0\n"
        "def write():\n"
        "    global count\n"
        "    while not over.wait(0.0005):\n"
        "        os.write(2, b'host\\n')\n"
        "        print('host', file=sys.stderr, flush=True)\n"
        "        count += 2\n"
        "thread = threading.Thread(target=write)\n"
        "thread.start()\n"
        f"results = list(Recognizer().stream({str(clip)!r}))\n"
        "over.set()\n"
        "thread.join()\n"
        "print(len(results), count)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    results, count = map(int, done.stdout.split())
    assert results > 0
    # LiteRT writes its line in several parts, which may be inside one of our lines
    assert done.stderr.count("host") == count > 20


SUFFIXES = (".jpg", ".png", ".bmp", ".webp", ".tif", ".jp2", ".ppm", ".avi")


@pytest.mark.parametrize("place", [*SUFFIXES, "camera", "rtsp://127.0.0.1:1/x"])
def test_an_error_of_the_command_line_is_one_line_whatever_a_library_writes(
    tmp_path: Path, clip: Path, place: str
) -> None:
    if place in SUFFIXES:
        noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
        data = clip.read_bytes() if place == ".avi" else cv2.imencode(place, noise)[1].tobytes()
        path = tmp_path / f"cut{place}"
        path.write_bytes(data[: len(data) // 2])
        place = str(path)
    options = ["--camera", "63"] if place == "camera" else ["--input", place]
    command = [sys.executable, "-m", "fer_edge", "run", "--quiet", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "damaged frames" not in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("fer-edge: error: ")
    assert done.returncode == 1
