"""The plain install with OpenCV 5, in a separate environment.

`make test-opencv5` runs these tests in a minute, or less if the environment exists already.
"""

import json
import os
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge import Recognizer
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.environment import make_environment, run_outside

ROOT = Path(__file__).resolve().parents[2]
FOLDER = os.environ.get("FER_EDGE_OPENCV5")

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="run by `make test-opencv5`: it installs packages"
)


@pytest.fixture(scope="module")
def programs() -> Path:
    """Make the environment; return the folder of its programs."""
    assert FOLDER is not None
    newest = (".[web]", "opencv-python-headless>=5,<6")
    own = ("--force-reinstall", "--no-deps", ".")
    return make_environment(Path(FOLDER), newest, own, root=ROOT)


@pytest.fixture(scope="module")
def photo() -> Path:
    return sample_photo()


@pytest.fixture
def clip(photo: Path, tmp_path: Path) -> Path:
    image = cv2.resize(cv2.imread(str(photo)), (320, 376))
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 376))
    for shift in range(8):
        writer.write(np.roll(image, 2 * shift, axis=1))
    writer.release()
    return path


def test_opencv_is_5_and_nothing_is_broken(programs: Path, tmp_path: Path) -> None:
    code = "import cv2; print(cv2.__version__)"
    assert run_outside(programs / "python", "-c", code, folder=tmp_path).startswith("5.")
    run_outside(programs / "python", "-m", "pip", "check", folder=tmp_path)


def test_a_picture_is_read_as_with_opencv_4(programs: Path, photo: Path, tmp_path: Path) -> None:
    told = run_outside(programs / "fer-edge", "run", "--input", photo, folder=tmp_path)
    (face,) = json.loads(told)["faces"]
    with Recognizer() as recognizer:
        (expected,) = recognizer.read(photo)
    assert face["label"] == expected.label
    assert face["box"][:2] == pytest.approx([expected.box.left, expected.box.top], abs=2)
    shares = tuple(expected.probabilities.values())
    assert tuple(face["scores"].values()) == pytest.approx(shares, abs=0.02)


def test_a_video_is_followed_drawn_anonymized_and_written(
    programs: Path, clip: Path, tmp_path: Path
) -> None:
    outputs = ("--jsonl", "-", "--video", "out.mp4", "--anonymize", "blur")
    told = run_outside(programs / "fer-edge", "run", "--input", clip, *outputs, folder=tmp_path)
    records = [json.loads(line) for line in told.splitlines()]
    assert [len(record["faces"]) for record in records] == [1] * 8
    assert {record["faces"][0]["track"] for record in records} == {1}
    assert (tmp_path / "out.mp4").stat().st_size > 0


def test_demo_draws_a_photograph(programs: Path, photo: Path, tmp_path: Path) -> None:
    told = run_outside(programs / "fer-edge", "demo", "--input", photo, folder=tmp_path)
    assert "neutral" in told
    (picture,) = tmp_path.iterdir()
    assert cv2.imread(str(picture)).shape[2] == 3


def test_a_clip_is_measured(programs: Path, clip: Path, tmp_path: Path) -> None:
    command = (programs / "fer-edge", "benchmark", "tiny", "--rounds", 1, "--video", clip)
    assert "tiny" in run_outside(*command, folder=tmp_path)


def test_the_doctor_has_nothing_against_it(programs: Path, tmp_path: Path) -> None:
    told = json.loads(run_outside(programs / "fer-edge", "doctor", "--json", folder=tmp_path))
    for topic in ("packages", "model", "detector", "opencv", "video"):
        found = [item for item in told["findings"] if item["topic"] == topic]
        assert {item["status"] for item in found} == {"ok"}, found


def test_haar_which_opencv_5_lacks_is_refused_in_one_line(
    programs: Path, photo: Path, tmp_path: Path
) -> None:
    command = [programs / "fer-edge", "run", "--input", photo, "--detector", "haar"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no longer has cascades" in line
    assert "or use the detector yunet" in line
