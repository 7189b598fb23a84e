"""A frame with many faces, and a frame with many pixels, as a picture and as a video."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import av
import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.pictures.sample_photo import sample_photo

Image = NDArray[np.uint8]

_HEAD_PX = 96
_8K = (7680, 4320)


@dataclass(frozen=True, slots=True)
class Reading:
    """Result of a run on a file.

    Attributes:
        faces: Number of faces in its first frame.
        frames: Number of processed frames.
        frame_ms: Median time per frame, in milliseconds.
        peak_mib: Peak memory of the process, in MiB.
        wall_s: Time from the start to the end of the process, in seconds.
    """

    faces: int
    frames: int
    frame_ms: float
    peak_mib: float
    wall_s: float

    def __str__(self) -> str:
        return (
            f"{self.faces:4} faces {self.frames:3} frames {self.frame_ms:8.1f} ms a frame "
            f"{self.peak_mib:6.0f} MiB {self.wall_s:5.1f} s"
        )


def crowd(faces: int) -> Image:
    """Return an image of the given number of heads in 20 rows: uint8, (height, width, 3), BGR."""
    photo = cv2.imread(str(sample_photo()))
    assert photo is not None
    head = cv2.resize(photo[20:380, 100:420], (_HEAD_PX, _HEAD_PX), interpolation=cv2.INTER_AREA)
    across = -(-faces // 20)
    image = np.full((20 * _HEAD_PX, across * _HEAD_PX, 3), 90, np.uint8)
    for number in range(faces):
        row, column = divmod(number, across)
        top, left = row * _HEAD_PX, column * _HEAD_PX
        image[top : top + _HEAD_PX, left : left + _HEAD_PX] = head
    return image


def vast() -> Image:
    """Return an 8K image with one head: uint8, (4320, 7680, 3), BGR."""
    photo = cv2.imread(str(sample_photo()))
    assert photo is not None
    coarse = np.random.default_rng(0).integers(60, 200, (18, 32, 3), dtype=np.uint8)
    image = cv2.resize(coarse, _8K, interpolation=cv2.INTER_CUBIC)
    head = cv2.resize(photo, (1800, 2109), interpolation=cv2.INTER_AREA)
    image[1000:3109, 2500:4300] = head
    return np.asarray(image, np.uint8)


def as_picture(image: Image, path: Path) -> Path:
    """Write an image as JPEG; return its path."""
    path.write_bytes(cv2.imencode(".jpg", image)[1].tobytes())
    return path


def as_video(image: Image, path: Path, frames: int) -> Path:
    """Write a video that repeats one frame, Motion JPEG in Matroska; return its path."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream("mjpeg", rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuvj420p"
        frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="yuvj420p")
        for number in range(frames):
            frame.pts = number
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    return path


def read(path: Path, *options: str) -> Reading:
    """Process a file with `fer-edge run`; return its cost.

    Raises:
        ClickException: It failed.
    """
    command = [sys.executable, "-m", "fer_edge", "run", "--input", str(path), "--jsonl", "-"]
    started_s = time.monotonic()
    process = subprocess.Popen([*command, "--quiet", *options], stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = [json.loads(line) for line in process.stdout]
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not lines:
        raise click.ClickException(f"{path.name}: exit code {process.returncode}")
    return Reading(
        faces=len(lines[0]["faces"]),
        frames=len(lines),
        frame_ms=float(np.median([line["times_ms"]["total"] for line in lines])),
        peak_mib=usage.ru_maxrss / 1024,
        wall_s=time.monotonic() - started_s,
    )
