"""Modules that are run in separate processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.child import import_command, module_command
from fer_edge.errors import ConfigError

STRANGERS = ("numpy", "cv2", "json", "runpy", "click", "fer_edge")


def test_no_module_of_the_folder_that_one_stands_in_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in STRANGERS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger ran')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    command = module_command("fer_edge", "models", "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "compact" in done.stdout


def test_arguments_and_the_exit_code_are_the_modules_own() -> None:
    command = module_command("fer_edge", "run", "--no-such-option")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: fer-edge run")
    assert "--no-such-option" in done.stderr


def test_only_an_import_is_not_from_that_folder_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "statistics.py").write_text("raise SystemExit('a stranger ran')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert subprocess.run(import_command("statistics"), check=False).returncode == 0
    assert subprocess.run(import_command("no_such_module"), check=False).returncode == 1


@pytest.mark.parametrize("executable", [None, ""])
def test_python_in_another_program_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, executable: str | None
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    for command in (module_command, import_command):
        with pytest.raises(ConfigError, match="expected the path of Python"):
            command("fer_edge")


def test_a_process_that_is_started_some_other_way_is_seen() -> None:
    """Assert that the four packages start Python code with the commands of `child` only."""
    root = Path(__file__).resolve().parents[2]
    own = {"fer_edge/child.py", "runtime/run/service/unit_file.py"}  # it writes a unit's command
    for folder in ("fer_edge", "training", "converters", "runtime"):
        for file in (root / folder).rglob("*.py"):
            name = str(file.relative_to(root))
            if name not in own:
                text = file.read_text("utf-8")
                for start in ('sys.executable, "-m"', 'sys.executable, "-c"', "get_context("):
                    assert start not in text, name
    assert sys.executable in module_command("fer_edge")
