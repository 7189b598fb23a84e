"""Messages of `convert` for run folders that it cannot use."""

import shutil

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.model.file import read_model
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train


@pytest.mark.parametrize("spoil", [b"", b"not a model", b"PK\x03\x04 truncated"])
def test_a_damaged_network_is_one_clear_line(trained, fer_edge, tmp_path, spoil):
    run, data = trained
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "model.keras").write_bytes(spoil)
    result = fer_edge("convert", copy, "--int8", "--data", data, "--out", tmp_path / "out")
    assert_one_clear_line(result, "model.keras", "cannot be read")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_is_one_clear_line(trained, fer_edge, tmp_path):
    result = fer_edge("convert", tmp_path, "--int8", "--data", trained[1], "--out", tmp_path / "o")
    assert_one_clear_line(result, "not a run folder")


@pytest.mark.parametrize("path", [".", "..", "model.keras"])
def test_a_run_is_named_from_within(trained, fer_edge, tmp_path, monkeypatch, path):
    run, data = trained
    copy = tmp_path / "entrance"
    shutil.copytree(run, copy)
    (copy / "inside").mkdir()
    monkeypatch.chdir(copy / "inside" if path == ".." else copy)
    result = fer_edge("convert", path, "--float32", "--data", data, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    [path] = (tmp_path / "out").iterdir()
    assert path.name == read_model(path).card.name + ".tflite" == "entrance-float32.tflite"


@pytest.mark.parametrize("path", [".", "..", "/"])
def test_a_folder_without_a_name_is_one_clear_line(trained, fer_edge, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    for labels in ((), ("--labels", "a,b")):
        command = ("convert", path, *labels, "--float32", "--data", trained[1], "--out", "out")
        assert_one_clear_line(fer_edge(*command), "not a run folder", "not a SavedModel")


def test_an_unfinished_run_says_how_to_go_on(trained, fer_edge, tmp_path):
    (tmp_path / "run.partial").mkdir()
    result = fer_edge("convert", tmp_path / "run", "--int8", "--data", trained[1], "--out", "o")
    assert_one_clear_line(result, "--resume")


def test_a_damaged_run_info_is_one_clear_line(trained, fer_edge, tmp_path):
    run, data = trained
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "run.json").write_text('{"architecture": "four-block"}')
    result = fer_edge("convert", copy, "--int8", "--data", data, "--out", tmp_path / "out")
    assert_one_clear_line(result, "run.json", "is missing")
