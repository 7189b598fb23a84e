"""Videos made by the ffmpeg program, and ffmpeg's decoding of them for comparison."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

SIZE = (160, 128)  # width and height of all videos except DV, whose size is fixed


def ffmpeg(*arguments: object) -> bytes:
    """Run ffmpeg quietly; return its standard output."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is missing (tests/debian-packages.txt)")
    command = [program, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def moving(seconds: float = 2, rate_hz: float = 25, *, size: str = "160x128") -> tuple[str, ...]:
    """Return ffmpeg arguments for a video input that slowly moves and changes its colors."""
    source = f"mandelbrot=size={size}:rate={rate_hz}:end_scale=0.3"
    return ("-f", "lavfi", "-t", f"{seconds}", "-i", source)


def tone(seconds: float) -> tuple[str, ...]:
    """Return ffmpeg arguments for an audio input."""
    return ("-f", "lavfi", "-t", f"{seconds}", "-i", "sine")


def make(path: Path, *arguments: object) -> Path:
    """Make a video with ffmpeg; return its path."""
    ffmpeg(*arguments, path)
    return path


def decoded_by_ffmpeg(path: Path, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Return all frames as ffmpeg decodes them: uint8, (n, height, width, 3), BGR."""
    raw = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "bgr24", "-vsync", "passthrough", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def with_matrix(video: Path, path: Path, matrix: tuple[float, float, float, float]) -> Path:
    """Copy an .mp4 file with another display matrix: a, b, c, d of ISO/IEC 14496-12, 6.2.2."""
    unity = b"".join(n.to_bytes(4, "big") for n in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    a, b, c, d = (round(value * (1 << 16)) for value in matrix)
    other = b"".join(n.to_bytes(4, "big", signed=True) for n in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    data = video.read_bytes()
    at = data.index(unity, data.index(b"tkhd"))
    path.write_bytes(data[:at] + other + data[at + len(other) :])
    return path
