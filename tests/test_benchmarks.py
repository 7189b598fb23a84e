"""The commands of the benchmarks end with one line if their input is missing."""

import importlib
import pkgutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (fer-edge[train])")

import benchmarks
from benchmarks.command import Benchmark


def commands() -> dict[str, click.Command]:
    """Return the commands that need a face set, by module."""
    found = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        name = f"benchmarks.{module.name}" + (".__main__" if module.ispkg else "")
        main = getattr(importlib.import_module(name), "main", None)
        if isinstance(main, click.Command) and any(p.name == "data" for p in main.params):
            found[module.name] = main
    return found


COMMANDS = commands()


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) >= 10
    assert {type(command) for command in COMMANDS.values()} == {Benchmark}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_face_set_is_one_line(name: str, tmp_path: Path) -> None:
    absent = tmp_path / "faces.npz"
    arguments = ["--data", str(absent)]
    for parameter in COMMANDS[name].params:
        if not parameter.required or parameter.name == "data":
            continue
        if isinstance(parameter, click.Option):
            arguments.append(parameter.opts[0])
        choice = isinstance(parameter.type, click.Choice)
        arguments.append(parameter.type.choices[0] if choice else str(tmp_path / "absent"))

    result = CliRunner().invoke(COMMANDS[name], arguments)

    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert "absent" in line or "faces.npz" in line
