"""Packages of each extra with a training library, resolved by pip; nothing is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESOLVED = pytest.mark.skipif(
    "FER_EDGE_EXTRAS" not in os.environ, reason="run by `make test-extras`: it asks PyPI"
)


@RESOLVED
@pytest.mark.parametrize(
    ("extra", "brings"),
    [
        ("train", {"tensorflow", "tf-keras", "tensorflow-model-optimization"}),
        ("train-cuda", {"tensorflow", "nvidia-cudnn-cu12", "nvidia-cuda-runtime-cu12"}),
        ("train-jax", {"jax", "keras"}),
        ("train-jax-cuda", {"jax", "keras", "jax-cuda12-plugin", "nvidia-cudnn-cu12"}),
        ("train-torch", {"torch", "keras"}),
    ],
)
def test_an_extra_can_be_installed_and_brings_what_it_promises(
    extra: str, brings: set[str], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    done = subprocess.run(
        [*pip, "--dry-run", "--ignore-installed", "--report", report, f"{ROOT}[{extra}]"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    installed = json.loads(report.read_text("utf-8"))["install"]
    names = {item["metadata"]["name"].lower().replace("_", "-") for item in installed}
    assert brings <= names, sorted(names)
