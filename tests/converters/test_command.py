"""The command `fer-edge convert`: companion files, existing files, and a full disk."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.converted import Converted
from fer_edge.converters.result_text import results_as_table
from fer_edge.model.file import read_model
from tests.support.cards import CARD, SCORE
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def first(trained, tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Convert in a separate process, with all companion files; return the process and folder."""
    out = tmp_path_factory.mktemp("first")
    command = [sys.executable, "-m", "fer_edge", "convert", *arguments(trained, out)]
    command += ["--layer-report", "--edgetpu", "--c-array"]
    return subprocess.run(command, capture_output=True, text=True, check=False), out


def arguments(trained, out):
    run, data = trained
    return [str(run), "--data", str(data), "--out", str(out), "--int8", "--max-drop", "100"]


def test_everything_asked_for_lies_beside_the_files(first):
    done, out = first
    for variant in ("ptq", "qat"):
        assert (out / f"cartoons-int8-{variant}-layers.png").stat().st_size > 10_000
        header = (out / f"cartoons_int8_{variant}.h").read_text("utf-8")
        assert "cartoons_int8_ptq_model".replace("ptq", variant) in header
        assert f"cartoons-int8-{variant}, layer by layer:" in done.stdout
    assert "13 of 13 operators will map" in done.stdout
    assert done.stdout.count("Will map") == 1  # both files share one table
    assert "tflite-micro's arena: " in done.stdout


def test_without_a_unique_face_there_is_no_accuracy_on_unique_ones():
    agreement = CARD.agreement
    with_some, without = (
        results_as_table([Converted(Path("a.tflite"), b"", 1000, score, agreement)], Path("out"))
        for score in (SCORE, replace(SCORE, n_without_duplicates=0))
    )
    assert "without duplicates 40.00%  balanced" in with_some
    assert "without duplicates -  balanced" in without


def test_a_compiler_that_is_not_there_is_said_once(first, monkeypatch):
    done, out = first
    if list(out.glob("*_edgetpu.tflite")):
        pytest.skip("edgetpu_compiler is installed here")
    assert done.stderr.count("edgetpu_compiler is not installed") == 1
    assert done.returncode == 1
    *_, last = done.stderr.strip().splitlines()
    names = "cartoons-int8-ptq.tflite, cartoons-int8-qat.tflite"
    assert last.startswith(f"fer-edge: error: the files of --target for {names} were not all")


def test_another_process_gives_the_same_bytes(first, trained, fer_edge, tmp_path):
    result = fer_edge("convert", *arguments(trained, tmp_path))
    assert result.exit_code == 0, result.output
    for path in tmp_path.glob("*.tflite"):
        assert path.read_bytes() == (first[1] / path.name).read_bytes(), path.name


def test_the_network_in_a_run_folder_stands_for_the_run(first, trained, fer_edge, tmp_path):
    run, *more = arguments(trained, tmp_path)
    result = fer_edge("convert", f"{run}/model.keras", *more)
    assert result.exit_code == 0, result.output
    name = "cartoons-int8-ptq.tflite"
    assert (tmp_path / name).read_bytes() == (first[1] / name).read_bytes()


def test_a_file_that_would_be_written_over_is_named_before_any_work(trained, fer_edge, tmp_path):
    (tmp_path / "cartoons_int8_ptq.h").write_text("somebody's")
    result = fer_edge("convert", *arguments(trained, tmp_path), "--c-array")
    assert_one_clear_line(result, "cartoons_int8_ptq.h already exists", "--overwrite")
    assert [path.name for path in tmp_path.iterdir()] == ["cartoons_int8_ptq.h"]


def test_a_layer_kept_float_is_in_the_file_and_in_the_card(trained, fer_edge, tmp_path):
    pytest.importorskip("ai_edge_quantizer", reason="ai-edge-quantizer is not installed")
    result = fer_edge("convert", *arguments(trained, tmp_path), "--keep-float", "conv1")
    assert result.exit_code == 0, result.output
    assert "in floating point: 1 ops (CONV_2D)" in result.stdout
    quantization = read_model(tmp_path / "cartoons-int8-ptq.tflite").card.quantization
    assert quantization.exceptions == ("conv1 float32",)
    result = fer_edge("convert", *arguments(trained, tmp_path / "o"), "--keep-float", "conv")
    assert_one_clear_line(result, "no layer 'conv'", "nearest: conv")


def test_a_percentile_that_would_clip_half_of_the_values_is_refused(fer_edge, tmp_path):
    command = ("convert", tmp_path, "--int8", "--data", tmp_path, "--out", tmp_path)
    result = fer_edge(*command, "--clip-percentile", 50)
    assert result.exit_code == 2
    assert "50<x<=100" in result.stderr
    assert "50<x<=100" in fer_edge("convert", "--help").stdout


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Mount a file system of 200 kB; return its folder."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no mount command")
    if done.returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "c-array"], "--target: only for files of --int8; expected one of these, got"),
        (["--edgetpu", "--c-array", "--layer-report"], "--layer-report, --edgetpu, --c-array"),
        (["--keep-float", "conv1"], "--keep-float: only for files of --int8"),
        (["--input-type", "uint8"], "--input-type: only for files of --int8"),  # even the default
        (
            ["--calibration-faces", "9"],
            "--calibration-faces: only for files of --int8 or --int16x8",
        ),
        (["--trust-claims"], "expected --labels with --trust-claims"),
    ],
)
def test_an_option_without_effect_is_a_usage_error(fer_edge, tmp_path, options, words):
    files = ("none", "--data", "none.npz", "--out", tmp_path / "out")
    result = fer_edge("convert", *files, "--float32", "--dynamic", *options)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(trained, fer_edge, small_disk):
    result = fer_edge("convert", *arguments(trained, small_disk))
    assert_one_clear_line(result, "No space left", "small disk")
    assert list(small_disk.iterdir()) == []
