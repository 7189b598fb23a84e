"""First line of a training, and the warning about a GPU that is not used."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.backend import compute
from fer_edge.training.backend.compute import advice_for, find_compute, precision_advice
from fer_edge.training.backend.keras3 import keras
from fer_edge.training.backend.processes import own_rows
from tests.support.gpu_trees import make_driven, make_undriven

pytestmark = pytest.mark.train


def test_the_line_names_backend_device_and_precision(tmp_path: Path) -> None:
    line = find_compute("bfloat16", tmp_path).line
    assert line.startswith("training on tensorflow ")
    assert line.endswith(", cpu:0, bfloat16") or ", gpu:0" in line


def test_the_devices_of_pytorch_do_not_come_from_keras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as in Keras 3.15, whose module of devices is None on PyTorch; the real one: tests/pytorch
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    monkeypatch.setattr(keras.distribution, "list_devices", None)
    monkeypatch.setattr(compute, "_torch_devices", lambda: ["cpu:0"])
    monkeypatch.setattr(compute.metadata, "version", lambda name: "2.14.1")
    assert find_compute("float32", tmp_path).line == "training on torch 2.14.1, cpu:0, float32"


def test_one_process_needs_no_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    assert own_rows(5, 2).tolist() == [0, 1, 2, 3, 4]


def test_a_gpu_that_the_backend_does_not_see_is_named_with_the_command(tmp_path: Path) -> None:
    make_driven(tmp_path, "NVIDIA H100 80GB HBM3")
    advice = advice_for("tensorflow", tmp_path)
    assert "the GPU NVIDIA H100 80GB HBM3" in advice
    assert "pip install 'fer-edge[train-cuda]'" in advice
    assert "pip install 'fer-edge[train-jax-cuda]'" in advice_for("jax", tmp_path)


def test_a_gpu_without_its_driver_is_said_so(tmp_path: Path) -> None:
    make_undriven(tmp_path, "0000:01:00.0")
    assert "(0000:01:00.0) without its driver" in advice_for("tensorflow", tmp_path)


def test_a_machine_without_a_gpu_gets_no_advice(tmp_path: Path) -> None:
    make_undriven(tmp_path, "0000:00:02.0", vendor="0x8086")
    assert advice_for("tensorflow", tmp_path) == ""


@pytest.mark.parametrize(
    ("cpuinfo", "precision", "advised"),
    [
        ("flags\t\t: fpu avx512f avx512_vnni\n", "bfloat16", True),
        ("flags\t\t: fpu avx512f avx512_vnni\n", "float32", False),
        ("flags\t\t: fpu avx512f avx512_bf16\n", "bfloat16", False),
        ("flags\t\t: fpu avx512_bf16 amx_bf16 amx_tile\n", "bfloat16", False),
        ("flags\t\t: fpu avx512_bf16 amx_bf16\n", "float16", True),
        ("flags\t\t: fpu avx512_fp16\n", "float16", False),
        ("Features\t: fp asimd bf16\n", "bfloat16", False),
        (None, "bfloat16", False),
    ],
)
def test_16_bits_on_a_cpu_without_16_bit_instructions_are_advised_against(
    cpuinfo: str | None, precision: str, advised: bool, tmp_path: Path
) -> None:
    if cpuinfo is not None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/cpuinfo").write_text(cpuinfo)
    advice = precision_advice(precision, tmp_path)  # type: ignore[arg-type]
    assert ("--precision float32" in advice) is advised
