"""Modules that are run in separate processes."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.child import clean_environment, import_command, module_command
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


def test_a_child_gets_no_secrets_and_no_way_to_load_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FER_EDGE_MQTT_PASSWORD", "FER_EDGE_INPUT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("FER_EDGE_LIMIT_MEMORY", "900")
    environment = clean_environment()
    assert "planted" not in environment.values()
    assert environment["FER_EDGE_LIMIT_MEMORY"] == "900"


def started_without_env(folder: Path) -> list[str]:
    """Return the calls under a folder that start a process with the environment of this one."""
    found = []
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_start = ast.unparse(node.func) in ("subprocess.run", "subprocess.Popen")
                if is_start and not any(item.arg == "env" for item in node.keywords):
                    found.append(f"{file}:{node.lineno}")
    return found


def test_every_child_process_has_an_environment_of_its_own() -> None:
    root = Path(__file__).resolve().parents[2]
    found = [
        place
        for folder in ("fer_edge", "training", "converters", "runtime")
        for place in started_without_env(root / folder)
    ]
    # the agent runs alone on a device; the check of a configuration needs its passwords
    others = [p for p in found if "deploy/agent" not in p and "deploy/delivery.py" not in p]
    assert others == []
    assert len(found) > len(others)


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
