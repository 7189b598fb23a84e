"""Limits for the sizes of functions and files, so that a reader can keep them in mind."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("training", "converters", "runtime")
MODULES = [
    path for folder in ("fer_edge", *STAGES) for path in sorted((ROOT / folder).rglob("*.py"))
]
MOST_LINES = 60
MOST_LINES_OF_A_FILE = 350
MOST_PARAMETERS = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_large(text: str) -> Iterator[str]:
    """Yield the name and the size of functions over a limit; click commands are exempt.

    The parameters of a click command are its options, and its docstring is its help text.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function) and not any(map(is_command, node.decorator_list)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            count = len([name for name in named if name.arg not in ("self", "cls")])
            if lines > MOST_LINES or count > MOST_PARAMETERS:
                yield f"{node.name}: {lines} lines, {count} parameters"


def is_command(decorator: ast.expr) -> bool:
    """Return whether a decorator makes a command of click: `@click.command`, `@group.command`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in ("command", "group")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_small_and_take_few_parameters(path: Path) -> None:
    assert list(too_large(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("folder", ["fer_edge", *STAGES, "tests", "benchmarks", "examples"])
def test_files_are_split_before_they_are_long(folder: str) -> None:
    lines = {
        str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n")
        for suffix in ("*.py", "*.js", "*.css", "*.html")
        for path in (ROOT / folder).rglob(suffix)
    }
    assert lines
    assert [path for path, count in lines.items() if count > MOST_LINES_OF_A_FILE] == []


def test_a_large_function_is_seen_and_a_command_is_not() -> None:
    long = "def f():\n" + "    x = 1\n" * MOST_LINES
    wide = "class A:\n    def f(self, a, b, c, d, *, e, f, g, h): ...\n"
    assert [*too_large(long)] == ["f: 61 lines, 0 parameters"]
    assert [*too_large(wide)] == []
    assert [*too_large(wide.replace("g, h", "g, h, i"))] == ["f: 1 lines, 9 parameters"]
    for decorator in ("click.command", "click.command()", "card.command(name='x')"):
        assert [*too_large(f"@{decorator}\n{long}")] == []
    assert [*too_large(f"@click.pass_context\n{long}")] == ["f: 61 lines, 0 parameters"]
