"""Imports between the page's JavaScript modules."""

import re
from graphlib import CycleError, TopologicalSorter

import pytest

pytest.importorskip("starlette")

from ...support.web_client import STATIC

_SOURCE = r"""["']([^"']+)["']"""
# `import {a} from "./x.js"`, `import "./x.js"`, `export * from "./x.js"`, `await import("./x.js")`
_IMPORT = re.compile(
    rf"^\s*(?:import|export)\s[^;\"']*?from\s*{_SOURCE}|\bimport\s*\(?\s*{_SOURCE}", re.MULTILINE
)


def imports(script: str) -> set[str]:
    """Return the names of the modules that a script imports, as it spells them."""
    return {first or second for first, second in _IMPORT.findall(script)}


def imports_of_page() -> dict[str, set[str]]:
    return {f"./{file.name}": imports(file.read_text("utf-8")) for file in STATIC.glob("*.js")}


def check(graph: dict[str, set[str]]) -> None:
    """Raise CycleError if a module imports itself, directly or through others."""
    TopologicalSorter(graph).prepare()


def test_every_module_of_the_page_is_there_and_reached() -> None:
    graph = imports_of_page()
    named = set().union(*graph.values())
    assert named <= set(graph)
    started = re.findall(rf"<script[^>]* src={_SOURCE}", (STATIC / "index.html").read_text("utf-8"))
    assert set(graph) - named == {f"./{name}" for name in started}


def test_no_module_of_the_page_imports_itself_in_a_circle() -> None:
    check(imports_of_page())


@pytest.mark.parametrize(
    "back",
    [
        'import { say } from "./page.js";',
        'import {\n  say,\n} from "./page.js";',
        'import "./page.js";',
        'export * from "./page.js";',
        'const page = await import("./page.js");',
    ],
)
def test_a_planted_circle_is_seen(back: str) -> None:
    graph = imports_of_page()
    graph["./timeline.js"] |= imports(f"// a comment\n\n{back}\nconst rows = 1;\n")
    with pytest.raises(CycleError):
        check(graph)
