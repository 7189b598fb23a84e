"""An arm64 machine with its own kernel and a camera of that kernel; all tests share one start."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fer_edge.model.bundled import bundled_models
from tests.arm64.agreement import agree, here, same_faces, write_clip, write_crops

from .machine import missing_programs, run_commands

FOLDER = os.environ.get("FER_EDGE_DEVICE_ARM64")
USERLAND = os.environ.get("FER_EDGE_ARM64", ".venv/arm64")
FER_EDGE = ["python3", "-m", "fer_edge"]
CROPS = ("run", "--detector", "none", "--input")
Results = dict[str, dict[str, Any]]

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make test-device-arm64`: it takes minutes"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"needs {', '.join(missing_programs())}"),
    pytest.mark.skipif(bool(os.geteuid()), reason="needs root, to make a root file system"),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_clip(folder / "clip.avi")
    write_crops(folder / "crops")
    return folder


@pytest.fixture(scope="module")
def results(pictures: Path) -> Results:
    """Run all commands in one machine; return the result of each, by name."""
    assert FOLDER is not None
    camera = ["--camera", "0", "--max-frames", "10", "--model", "tiny", "--detect-size", "160"]
    commands = {
        "kernel": ["uname", "-srm"],
        "doctor": [*FER_EDGE, "doctor"],
        "clip": [*FER_EDGE, "run", "--input", "clip.avi"],
        "camera": [*FER_EDGE, "run", *camera, "--jsonl", "-"],
    }
    for model in bundled_models():
        commands[model] = [*FER_EDGE, *CROPS, "crops", "--model", model]
    files = {name: pictures / name for name in ("clip.avi", "crops")}
    return run_commands(Path(FOLDER).resolve(), Path(USERLAND).resolve(), commands, files)


def output(results: Results, name: str) -> str:
    assert results[name]["returncode"] == 0, results[name]
    text: str = results[name]["stdout"]
    return text


def test_it_is_arm64(results: Results) -> None:
    print(output(results, "kernel"))
    assert output(results, "kernel").split()[2] == "aarch64"


def test_the_doctor_finds_the_camera(results: Results) -> None:
    print(output(results, "doctor"))
    assert "vivid-000-vid-cap at /dev/video0" in output(results, "doctor")


def test_a_clip_reads_as_on_this_machine(results: Results, pictures: Path) -> None:
    same_faces(output(results, "clip"), here("run", "--input", str(pictures / "clip.avi")))


def test_frames_come_from_the_camera(results: Results) -> None:
    records = [json.loads(line) for line in output(results, "camera").splitlines()]
    assert len(records) == 10
    assert records[-1]["faces"] == []


@pytest.mark.parametrize("model", sorted(bundled_models()))
def test_the_same_crops_get_the_same_probabilities(
    results: Results, pictures: Path, model: str
) -> None:
    mine = here(*CROPS, str(pictures / "crops"), "--model", model)
    agree(model, output(results, model), mine)
