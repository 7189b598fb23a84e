"""Agreement of results on arm64 and on this machine, with tolerances."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.overlap import overlap

TOLERANCE = 0.005
"""Limit for the mean difference of probabilities; one step of an int8 output is 1/256 = 0.004."""
LARGEST = 0.05
"""Limit for the difference of a single probability. XNNPACK's int8 kernels round differently on Arm
in residual networks, and a temperature below 1 enlarges the difference; docs/lab-notes/arm64.md has
the measured figures."""


SAME_BOX = 0.8
"""Smallest overlap of a face's two bounding boxes. The detector is int8, too: if several boxes of a
face have equal scores, rounding decides which of them is kept."""


def write_clip(path: Path) -> Path:
    """Write ten frames in which the sample photograph moves to the right; return the path."""
    photo = cv2.resize(cv2.imread(str(sample_photo())), (256, 300))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (400, 300))
    for number in range(10):
        frame = np.zeros((300, 400, 3), np.uint8)
        frame[:, 8 * number : 8 * number + 256] = photo
        writer.write(frame)
    writer.release()
    return path


def write_crops(folder: Path) -> Path:
    """Write forty 48x48 crops around the face of the sample photograph; return the folder."""
    gray = cv2.imread(str(sample_photo()), cv2.IMREAD_GRAYSCALE)
    random = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for number in range(40):
        side = int(random.integers(150, 260))
        left, top = random.integers(120, 200), random.integers(30, 90)
        face = cv2.resize(gray[top : top + side, left : left + side], (48, 48))
        cv2.imwrite(str(folder / f"{number:02d}.png"), face)
    return folder


def here(*arguments: str) -> str:
    """Run fer-edge on this machine; return its standard output."""
    command = [sys.executable, "-m", "fer_edge", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def agree(model: str, read_there: str, read_here: str) -> None:
    """Assert that two runs over the same crops give equal probabilities within the tolerances."""
    theirs, mine = _scores_of(read_there), _scores_of(read_here)
    gap = abs(theirs - mine)
    same = (theirs.argmax(axis=1) == mine.argmax(axis=1)).mean()
    print(f"{model}: {len(mine)} crops, largest difference {gap.max():.4f}, mean {gap.mean():.5f}")
    print(f"{model}: {same:.0%} same label")
    np.testing.assert_allclose(theirs, mine, atol=LARGEST)
    assert gap.mean() < TOLERANCE
    assert same >= 0.95


def same_faces(read_there: str, read_here: str) -> None:
    """Assert that two runs over the clip give equal labels, and boxes that overlap by SAME_BOX."""
    theirs, mine = (list(map(json.loads, text.splitlines())) for text in (read_there, read_here))
    assert len(theirs) == len(mine) == 10
    for their_frame, my_frame in zip(theirs, mine, strict=True):
        (face,), (expected,) = their_frame["faces"], my_frame["faces"]
        assert overlap(Box(*face["box"]), Box(*expected["box"])) > SAME_BOX
        assert face["label"] == expected["label"]


def _scores_of(lines: str) -> NDArray[np.float64]:
    records = [json.loads(line) for line in lines.splitlines()]
    assert all(len(record["faces"]) == 1 for record in records)
    return np.array([list(record["faces"][0]["scores"].values()) for record in records])
