"""Synthetic media: noise clips and cartoon pictures."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.clip import CLIP_FRAMES


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip of 12 frames of noise, 160x120 at 8 Hz; the mean rises by 10 with each frame."""
    path = tmp_path / "media" / "clip.avi"
    path.parent.mkdir(exist_ok=True)
    code = cv2.VideoWriter.fourcc(*"MJPG")
    random = np.random.default_rng(0)
    writer = cv2.VideoWriter(str(path), code, 8, (160, 120))
    for number in range(CLIP_FRAMES):
        mean = 70 + 10 * number
        writer.write(random.integers(mean - 60, mean + 61, (120, 160, 3)).astype(np.uint8))
    writer.release()
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of noise, 80 pixels wide and 60 pixels high."""
    path = tmp_path / "media" / "picture.png"
    path.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    cv2.imwrite(str(path), noise)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty working directory, so that a test can check which files it leaves there."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def make_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk of a given size, such as "64k"; return its folder."""
    folder = tmp_path / "disk"

    def mount(size: str) -> Path:
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk needs root")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)
