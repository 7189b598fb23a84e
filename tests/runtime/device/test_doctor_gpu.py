"""Findings of `fer-edge doctor` about a workstation's GPU."""

from pathlib import Path

import pytest

from fer_edge.gpus import Gpu, find_gpus
from fer_edge.runtime.device.doctor.gpu import examine_gpus
from tests.support.gpu_trees import make_driven, make_undriven

DRIVEN = [Gpu("NVIDIA H100 80GB HBM3", has_driver=True)]


@pytest.mark.parametrize(
    ("versions", "status", "words"),
    [
        ({}, "note", "pip install 'fer-edge[train-cuda]'"),
        ({"tensorflow": "2.21.0"}, "warning", "pip install 'fer-edge[train-cuda]'"),
        ({"tensorflow": "2.21.0", "nvidia-cudnn-cu12": "9.28"}, "ok", ""),
        ({"jax": "0.10.2"}, "warning", "pip install 'fer-edge[train-jax-cuda]'"),
        ({"jax": "0.10.2", "jax-cuda12-plugin": "0.10.2"}, "ok", ""),
        ({"torch": "2.9.0+cpu"}, "warning", "pip install 'fer-edge[train-torch]'"),
        ({"torch": "2.9.0"}, "ok", ""),
    ],
)
def test_a_library_that_cannot_reach_the_gpu_is_named_with_the_command(
    versions: dict[str, str], status: str, words: str
) -> None:
    (finding,) = examine_gpus(DRIVEN, versions)
    assert (finding.topic, finding.status) == ("gpu", status)
    assert "NVIDIA H100" in finding.text
    assert words in finding.advice


def test_a_board_without_a_gpu_gets_no_line(tmp_path: Path) -> None:
    make_undriven(tmp_path, "0000:00:02.0", vendor="0x8086")
    assert examine_gpus(find_gpus(tmp_path), {"tensorflow": "2.21.0"}) == []


def test_gpus_are_found_by_the_driver_or_else_on_the_bus(tmp_path: Path) -> None:
    make_undriven(tmp_path / "bare", "0000:01:00.0")
    assert find_gpus(tmp_path / "bare") == (Gpu("0000:01:00.0", has_driver=False),)
    make_driven(tmp_path / "driven", "NVIDIA RTX 4090")
    assert find_gpus(tmp_path / "driven") == (Gpu("NVIDIA RTX 4090", has_driver=True),)
    (finding,) = examine_gpus(find_gpus(tmp_path / "bare"), {"tensorflow": "2.21.0"})
    assert finding.status == "warning"
    assert "without its driver" in finding.text
