import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import Result

from fer_edge import __version__
from fer_edge.cli.main import COMMANDS, main
from fer_edge.errors import ModelError
from fer_edge.faces.faceset import save_faceset
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models, find_model
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line

Invoke = Callable[..., Result]
PROGRAM = (sys.executable, "-m", "fer_edge")


def test_help_lists_every_command(fer_edge: Invoke) -> None:
    result = fer_edge("--help")
    assert result.exit_code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert text in result.stdout


def test_ctrl_c_ends_a_command_with_the_exit_code_of_a_shell(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        main, "get_command", lambda *_: click.Command("models", callback=interrupted)
    )
    result = fer_edge("models")
    assert result.exit_code == 130
    assert len(result.stderr.split("\n")) == 3  # after what the terminal shows for Ctrl-C


def test_the_version_is_printed(fer_edge: Invoke) -> None:
    assert fer_edge("--version").stdout == f"fer-edge, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nothing"], "No such command 'nothing'"),
        (["--nothing"], "No such option"),
        (["models", "--nothing"], "No such option"),
        (["run", "--threads", "0"], "threads"),
        (["run", "--min-score", "2"], "min-score"),
        (["run", "--detector", "dog"], "yunet"),
    ],
)
def test_a_wrong_spelling_is_a_usage_error(
    fer_edge: Invoke, arguments: list[str], word: str
) -> None:
    result = fer_edge(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert word in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("package", ["keras", "tensorflow", "matplotlib"])
def test_a_missing_heavy_package_becomes_the_line_that_installs_it(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named '{package}'", name=f"{package}.layers")

    monkeypatch.setattr("fer_edge.model.bundled.bundled_models", fail)
    assert_one_clear_line(fer_edge("models"), package, "pip install 'fer-edge[train]'")


def test_a_missing_module_of_our_own_is_no_advice_to_install(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError("No module named 'fer_edge.lost'", name="fer_edge.lost")

    monkeypatch.setattr("fer_edge.model.bundled.bundled_models", fail)
    assert isinstance(fer_edge("models").exception, ModuleNotFoundError)


def test_a_system_error_becomes_one_line(fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "some/file")

    monkeypatch.setattr("fer_edge.model.bundled.bundled_models", fail)
    assert_one_clear_line(fer_edge("models"), "some/file: No space left on device")


@pytest.mark.parametrize(("text", "words"), [("", "no room for an array"), ("12 MB", "12 MB")])
def test_no_memory_is_one_line_with_what_is_known(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    def fail() -> None:
        raise MemoryError(text)

    monkeypatch.setattr("fer_edge.model.bundled.bundled_models", fail)
    assert_one_clear_line(fer_edge("models"), f"out of memory ({words})")


def test_an_error_of_several_lines_becomes_one(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModelError("one\n  two\nthree")

    monkeypatch.setattr("fer_edge.model.bundled.bundled_models", fail)
    assert fer_edge("models").stderr == "fer-edge: error: one two three\n"


def test_a_wrong_option_or_recipe_ends_with_2(fer_edge: Invoke, tmp_path: Path) -> None:
    model, data = find_model(DEFAULT_MODEL), tmp_path / "faces.npz"
    save_faceset(make_faces(), data)
    for wrong in (
        ("card", "edit", model, "--set", "accuracy=1", "--out", tmp_path / "a.tflite"),
        ("card", "edit", model, "--set", "input.crop.side=abc", "--out", tmp_path / "a.tflite"),
        ("card", "edit", model, "--set", "input.crop.side=99", "--out", tmp_path / "a.tflite"),
        ("card", "edit", model, "--labels", "a,b", "--out", tmp_path / "a.tflite"),
        ("card", "calibrate", model, "--data", data, "--split", "nope", "--out", tmp_path / "a"),
        ("train", "--data", data, "--out", tmp_path / "run", "--precision", "float8"),
        ("train", "--data", data, "--out", tmp_path / "run", "--recipe", "nope"),
        ("data", "import", data, "--labels", "a,b", "--out", tmp_path / "other.npz"),
    ):
        result = fer_edge(*wrong)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr


def test_models_shows_every_bundled_model_and_its_card(fer_edge: Invoke) -> None:
    text = fer_edge("models").stdout
    assert all(f"  file          {path} (" in text for path in bundled_models().values())
    cards = json.loads(fer_edge("models", "--json").stdout)
    assert [Path(card["path"]).stem for card in cards] == list(bundled_models())
    one = json.loads(fer_edge("card", "show", bundled_models()[DEFAULT_MODEL], "--json").stdout)
    assert one in cards


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("four-blok", ["'four-blok' is neither a file nor bundled", DEFAULT_MODEL]),
        ("missing.tflite", ["missing.tflite cannot be read: No such file"]),
        ("x" * 300, ["is neither a file nor bundled"]),
        (".", ["cannot be read: Is a directory"]),
        (__file__, ["not a TFLite model"]),
    ],
)
def test_a_model_that_is_not_there_is_one_clear_line(
    fer_edge: Invoke, name: str, words: list[str]
) -> None:
    assert_one_clear_line(fer_edge("card", "show", name), *words)


def test_a_name_leads_to_the_bundled_model_and_a_path_to_itself(tmp_path: Path) -> None:
    assert find_model(DEFAULT_MODEL) == bundled_models()[DEFAULT_MODEL]
    (tmp_path / "model").touch()
    assert find_model(str(tmp_path / "model")) == tmp_path / "model"
    with pytest.raises(ModelError, match=f"bundled: .*{DEFAULT_MODEL}"):
        find_model("nothing")


def test_a_reader_that_goes_away_is_no_failure() -> None:
    command = ("card", "show", *[DEFAULT_MODEL] * 100)  # more than a pipe holds
    with subprocess.Popen(
        [*PROGRAM, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_full_disk_behind_standard_output_is_one_clear_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "models"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "fer-edge: error: No space left on device\n"


def test_an_output_is_not_taken_for_a_standard_stream_that_was_closed(tmp_path: Path) -> None:
    clip, csv, video = (tmp_path / name for name in ("clip.avi", "rows.csv", "out.avi"))
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 8, (64, 48))
    for level in range(0, 250, 25):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    command = [*PROGRAM, "run", "--input", clip, "--detector", "none", "--video", video]
    closed = '"$@" <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", closed, "sh", *command, "--csv", csv], check=False)
    assert done.returncode == 0
    assert len(csv.read_text().splitlines()) == 11
    assert cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT) == 10


def test_no_standard_input_is_one_clear_line() -> None:
    frames = ["--input", "-", "--size", "4x4", "--pixel-format", "gray"]
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *PROGRAM, "run", *frames],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("fer-edge: error: standard input ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_s_help_shows_its_marks(fer_edge: Invoke, name: str) -> None:
    assert "\\b" not in fer_edge(name, "--help").stdout
