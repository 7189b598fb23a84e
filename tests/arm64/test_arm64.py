"""The built wheel in an arm64 Debian: `make test-arm64` takes five minutes the first time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.converters.detector.yunet_file import find_yunet
from fer_edge.faces.preprocess import Box
from fer_edge.model.bundled import bundled_models
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.overlap import overlap

from .agreement import SAME_BOX, agree, here, same_faces, write_clip, write_crops
from .scenes import LOOKS, make_clip, make_looks
from .userland import PYTHON, SITE, build, instructions_per_inference, missing_programs, run_in

FOLDER = os.environ.get("FER_EDGE_ARM64")
MEAN_BOX, SCORE = 0.96, 0.01
"""Limits for the mean overlap of a face's two boxes, and for the difference of its scores."""
LIGHT = {
    # our requirements
    *("fer-edge", "numpy", "opencv-python-headless", "click", "ai-edge-litert"),
    *("av", "pillow", "tomli_w", "Jinja2", "packaging"),
    # requirements of ai-edge-litert, then of Jinja2
    *("backports.strenum", "flatbuffers", "ml_dtypes", "protobuf", "tqdm", "typing_extensions"),
    "MarkupSafe",
}
INSTALLED_MB = 400
"""Limit for the size of the light install: about 15% above its size when this was written."""

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make test-arm64`: it takes minutes"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"needs {', '.join(missing_programs())}"),
]


@pytest.fixture(scope="module")
def root() -> Path:
    assert FOLDER is not None
    return build(Path(FOLDER).resolve())


@pytest.fixture(scope="module")
def clip(root: Path) -> Path:
    """Write a clip of ten frames, which is /tmp/clip.avi inside the userland."""
    return write_clip(root / "tmp" / "clip.avi")


@pytest.fixture(scope="module")
def crops(root: Path) -> Path:
    """Write forty crops around a face; their folder is /tmp/crops inside the userland."""
    return write_crops(root / "tmp" / "crops")


def inside(root: Path, *arguments: str) -> str:
    """Run fer-edge in the userland; return its standard output."""
    done = run_in(root, PYTHON, "-m", "fer_edge", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_arm64(root: Path) -> None:
    assert run_in(root, "uname", "-m").stdout.strip() == "aarch64"


def test_demo_reads_the_face_and_writes_its_picture(root: Path) -> None:
    shutil.copy(sample_photo(), root / "tmp" / "photo.jpg")
    said = inside(root, "demo", "--input", "/tmp/photo.jpg", "--out", "/tmp/demo.png", "--json")
    ours = json.loads(here("demo", "--json", "--out", str(root / "tmp" / "ours.png")))
    assert json.loads(said)["faces"][0]["label"] == ours["faces"][0]["label"]
    assert cv2.imread(str(root / "tmp" / "demo.png")).shape[2] == 3


@pytest.mark.parametrize("model", sorted(bundled_models()))
def test_the_same_crops_get_the_same_probabilities(root: Path, crops: Path, model: str) -> None:
    options = ("run", "--detector", "none", "--model", model, "--input")
    agree(model, inside(root, *options, "/tmp/crops"), here(*options, str(crops)))


def test_a_clip_reads_as_on_this_machine(root: Path, clip: Path) -> None:
    there = inside(root, "run", "--input", "/tmp/clip.avi")
    same_faces(there, here("run", "--input", str(clip)))


def test_benchmark_runs(root: Path) -> None:
    said = inside(root, "benchmark", "tiny", "--quick", "--json")
    assert json.loads(said)["device"]["machine"] == "aarch64"


@pytest.mark.parametrize("model", sorted(bundled_models()))
def test_instructions_of_an_inference_can_be_counted(root: Path, model: str) -> None:
    each = instructions_per_inference(root, model)
    print(f"{model}: {each / 1e6:.1f} million arm64 instructions per inference")
    assert 1e5 < each < 1e9


def test_the_detector_finds_the_same_faces(root: Path) -> None:
    looks = make_looks(root / "tmp" / "looks")
    script = Path(__file__).with_name("look.py")
    shutil.copy(script, root / "tmp" / "look.py")
    there = run_in(root, PYTHON, "/tmp/look.py", "/tmp/looks")
    assert there.returncode == 0, there.stderr
    command = [sys.executable, str(script), str(looks)]
    ours = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    theirs = json.loads(there.stdout)
    assert [len(faces) for faces in theirs] == [len(faces) for faces in ours]
    pairs = [
        pair
        for mine, other in zip(ours, theirs, strict=True)
        for pair in zip(sorted(mine), sorted(other), strict=True)  # by the left edges
    ]
    assert len(pairs) > LOOKS
    overlaps = np.array([overlap(Box(*one[:4]), Box(*other[:4])) for one, other in pairs])
    score = max(abs(one[4] - other[4]) for one, other in pairs)
    print(
        f"{len(pairs)} faces of 320x192: boxes overlap by {overlaps.min():.3f} or more, "
        f"{overlaps.mean():.3f} in the mean, scores within {score:.4f}"
    )
    assert overlaps.min() > SAME_BOX
    assert overlaps.mean() > MEAN_BOX
    assert score < SCORE


def test_instructions_of_a_look_and_of_a_frame_can_be_counted(root: Path) -> None:
    shutil.copy(find_yunet(), root / "tmp" / "yunet.onnx")
    clip = make_clip(root / "tmp" / "frames.avi")
    counts = {}
    for what in ("yunet", f"{root}/tmp/yunet.onnx"):
        name = "int8 in LiteRT" if what == "yunet" else "float32 in OpenCV"
        for unit, frames in (("detection", None), ("frame", clip)):
            each = instructions_per_inference(root, what, clip=frames, runs=50)
            counts[name, unit] = each
            print(f"{name}: {each / 1e6:.1f} million arm64 instructions per {unit}")
    for unit in ("detection", "frame"):
        assert 1e6 < counts["int8 in LiteRT", unit] < counts["float32 in OpenCV", unit]


def test_the_light_install_holds_nothing_more_than_it_needs(root: Path) -> None:
    code = "from importlib import metadata as m; print(*(d.name for d in m.distributions()))"
    said = run_in(root, PYTHON, "-I", "-c", code).stdout
    assert set(said.split()) == LIGHT
    files = [path for path in (root / SITE).rglob("*") if path.is_file()]
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    print(f"light install on arm64: {size_mb:.0f} MB")
    assert size_mb < INSTALLED_MB
