"""The documented installation with tflite-runtime, in a separate environment.

`make test-tflite-runtime` runs it in half a minute, or less if the environment exists already.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge import Recognizer
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.environment import make_environment
from tests.support.environment import run_outside as run

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "tflite-runtime.txt"
FOLDER = os.environ.get("FER_EDGE_TFLITE_RUNTIME")
NEWEST_PYTHON = (3, 11)
TOLERANCE = 0.02
"""Tolerance of a probability: five steps of an int8 output. On a PC, LiteRT uses XNNPACK."""

pytestmark = [
    pytest.mark.skipif(
        not FOLDER, reason="run by `make test-tflite-runtime`: it installs packages"
    ),
    pytest.mark.skipif(
        sys.version_info[:2] > NEWEST_PYTHON,
        reason="tflite-runtime has no wheels for Python 3.12 and later; pass PYTHON=python3.11",
    ),
]


@pytest.fixture(scope="module")
def programs() -> Path:
    """Folder of the environment's programs, installed as in docs/how-to/tflite-runtime.md."""
    assert FOLDER is not None
    own = ("--force-reinstall", "--no-deps", ".")
    return make_environment(Path(FOLDER), own, ("--requirement", REQUIREMENTS), root=ROOT)


@pytest.fixture(scope="module")
def photo() -> Path:
    return sample_photo()


def same_as_litert(face: dict[str, Any], photo: Path) -> bool:
    """Return whether a face of `fer-edge run` agrees with the result of LiteRT here."""
    with Recognizer() as recognizer:
        (expected,) = recognizer.read(photo)
    shares = tuple(expected.probabilities.values())
    differences = np.abs(np.subtract(tuple(face["scores"].values()), shares))
    near = np.allclose(face["box"], (expected.box.left, expected.box.top, *face["box"][2:]), atol=2)
    return bool(face["label"] == expected.label and near and differences.max() < TOLERANCE)


def test_litert_is_not_there_and_numpy_is_1(programs: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.util, numpy\n"
        "from fer_edge.inference.runtime import find_runtime\n"
        "assert importlib.util.find_spec('ai_edge_litert') is None\n"
        "print(find_runtime().name, find_runtime().version, numpy.__version__)"
    )
    name, version, numpy = run(programs / "python", "-c", code, folder=tmp_path).split()
    assert (name, version) == ("tflite-runtime", "2.14.0")
    assert numpy.startswith("1.")


def test_demo_reads_a_photograph(programs: Path, photo: Path, tmp_path: Path) -> None:
    told = run(programs / "fer-edge", "demo", "--input", photo, folder=tmp_path)
    assert "neutral" in told
    (picture,) = tmp_path.iterdir()
    assert cv2.imread(str(picture)).shape[2] == 3


def test_run_reads_a_picture_as_litert_does(programs: Path, photo: Path, tmp_path: Path) -> None:
    record = json.loads(run(programs / "fer-edge", "run", "--input", photo, folder=tmp_path))
    (face,) = record["faces"]
    assert same_as_litert(face, photo)


def test_run_reads_and_writes_a_video(programs: Path, photo: Path, tmp_path: Path) -> None:
    image = cv2.resize(cv2.imread(str(photo)), (320, 376))
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 376)
    )
    for _ in range(6):
        writer.write(image)
    writer.release()
    outputs = ("--jsonl", "-", "--video", "out.mp4")
    told = run(programs / "fer-edge", "run", "--input", "clip.avi", *outputs, folder=tmp_path)
    records = [json.loads(line) for line in told.splitlines()]
    assert [len(record["faces"]) for record in records] == [1] * 6
    assert {record["faces"][0]["label"] for record in records} == {"neutral"}
    assert (tmp_path / "out.mp4").stat().st_size > 0


def test_benchmark_measures_all_but_the_limit(programs: Path, tmp_path: Path) -> None:
    command = (programs / "fer-edge", "benchmark", "tiny", "--rounds", 1, "--report", "report")
    assert "not measured: needs LiteRT" in run(*command, folder=tmp_path)
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    (model,) = report["models"]
    assert report["limits"] == []
    assert "not measured: needs LiteRT" in report["no_limits"]
    assert "not measured: needs LiteRT" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert model["macs"] > 0
    for timing in model["timings"]:
        assert timing["steady"]["median_ms"] > 0
        assert timing["start"]["load_ms"] > 0
        assert timing["share_of_limit"] is None


def test_doctor_has_nothing_against_it(programs: Path, tmp_path: Path) -> None:
    told = json.loads(run(programs / "fer-edge", "doctor", "--json", folder=tmp_path))
    found = {item["topic"]: item for item in told["findings"]}
    assert found["packages"]["status"] == "ok"
    assert "tflite-runtime 2.14.0 (instead of ai-edge-litert)" in found["packages"]["text"]
    assert found["interpreter"]["text"] == "tflite-runtime 2.14.0"
    assert found["xnnpack"]["status"] in ("ok", "note")
    assert not [item for item in told["findings"] if "litert" in item["advice"].lower()]
    for topic in ("model", "detector", "opencv", "video"):
        assert found[topic]["status"] == "ok"


def test_a_reader_takes_arrays_and_pillow_images(
    programs: Path, photo: Path, tmp_path: Path
) -> None:
    code = (
        "import sys, numpy, PIL.Image\n"
        "from fer_edge import Recognizer\n"
        "with PIL.Image.open(sys.argv[1]) as image, Recognizer() as recognizer:\n"
        "    for given in (image, numpy.asarray(image)[..., ::-1], sys.argv[1]):\n"
        "        print(*[face.label for face in recognizer.read(given)])\n"
    )
    told = run(programs / "python", "-c", code, photo, folder=tmp_path)
    assert told.split() == ["neutral"] * 3
