"""Invalid input that is refused before any device is contacted."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fer_edge.cli.main import main
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from tests.support.clear_line import assert_one_clear_line


def deploy(*words: object) -> Any:
    return CliRunner().invoke(main, ["deploy", *map(str, words)])


def test_a_model_without_a_card_is_refused(tmp_path: Path) -> None:
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(read_model(find_model("tiny")).flatbuffer)
    assert_one_clear_line(deploy("door", "--model", bare), "bare.tflite", "no card")


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing.tflite"
    assert_one_clear_line(deploy("door", "--model", missing), "cannot be read")
    assert_one_clear_line(deploy("door", "--model", "tinny"), "tinny", "bundled: ")


@pytest.mark.parametrize("text", ["[source", "[source]\ninput = 1\n", "[modell]\n"])
def test_a_wrong_configuration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "door.toml"
    path.write_text(text)
    done = deploy("door", "--config", path)
    assert_one_clear_line(done, "door.toml")
    assert done.exit_code == 2


def test_a_configuration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = deploy("door", "--config", tmp_path / "none.toml")
    assert_one_clear_line(done, "cannot be read", "--print-config")


def test_a_folder_of_wheels_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert_one_clear_line(deploy("door", "--wheels", tmp_path / "none"), "expected a folder")


@pytest.mark.parametrize(
    ("top", "host"),
    [
        ('model = "nosuch"', ""),
        ("", 'model = "nosuch.tflite"'),
        ('config = "nosuch.toml"', ""),
        ('config = "door.toml"', ""),
        ("", 'address = "-oProxyCommand=x"'),
        ("system = 1", ""),
    ],
)
def test_a_wrong_value_of_a_fleet_is_not_taken_for_a_failure_of_a_host(
    tmp_path: Path, top: str, host: str
) -> None:
    (tmp_path / "door.toml").write_text('[source]\ncamera = 0\n[model]\nmodel = "nosuch"\n')
    path = tmp_path / "fleet.toml"
    path.write_text(f"{top}\n[hosts.door]\n{host}\n[hosts.gate]\n")
    done = deploy("--fleet", path)
    assert_one_clear_line(done)
    assert done.exit_code == 2


@pytest.mark.parametrize("action", ["--dry-run", "--status", "--logs", "--rollback"])
@pytest.mark.parametrize(
    "words",
    [("",), ("@door",), ("door", "--ssh-config", "nosuch"), ("--", "-oProxyCommand=x")],
)
def test_a_wrong_option_is_not_taken_for_a_failure_of_a_host(
    action: str, words: tuple[str, ...]
) -> None:
    done = deploy(action, *words)
    assert_one_clear_line(done)
    assert done.exit_code == 2


@pytest.mark.parametrize("option", ["--model", "--wheels", "--config"])
def test_a_missing_file_is_not_taken_for_a_failure_of_a_host(option: str) -> None:
    assert deploy("door", option, "nosuch").exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "expected HOST, or --fleet FILE"),
        (("door", "--name", "../up"), "is not a valid unit name"),
        (("door", "--keep", "1"), "--keep"),
    ],
)
def test_a_wrong_command_line_says_what_is_expected(words: tuple[str, ...], said: str) -> None:
    done = deploy(*words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_host_that_looks_like_an_option_is_never_given_to_ssh(tmp_path: Path) -> None:
    done = deploy("--dry-run", "--", "-oProxyCommand=touch x")
    assert_one_clear_line(done, "expected a name, or user@name")
