"""Each command and each option that a page shows exists."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from docs.generators.commands import commands
from tests.docs.blocks import blocks

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md")),
]
_SHELLS = {"", "sh", "console", "bash"}
_INLINE = re.compile(r"`((?:fer-edge|make|python -m benchmarks\.)[^`]*)`")

_PUBLIC = ("fer_edge", "fer_edge.training", "fer_edge.converters", "fer_edge.runtime")
_PHOTO = "fer_edge.pictures.sample_photo"
"""It finds a photograph to try the examples with."""

_OPTION = re.compile(r"\[?(--[a-z][a-z0-9-]*|-[a-z]$)")


def lines_of_shell(page: str) -> Iterator[str]:
    """Yield each command line of a page: from blocks, indented code and inline code."""
    for block in blocks(page):
        if block.language in _SHELLS:
            text = re.sub(r"\\\n\s*", " ", block.text)
            yield from (line.removeprefix("$ ") for line in text.splitlines())
    outside = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"^    (\S.*)$", re.sub(r"\\\n\s*", " ", outside), re.MULTILINE)
    yield from _INLINE.findall(" ".join(outside.split()))


def named(line: str, program: str) -> Iterator[list[str]]:
    """Yield the words after each call of a program in a line, up to a pipe or the next command."""
    for part in re.split(r"[|;&]{1,2}|\$\(", line):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:  # a quote that ends on another line
            words = part.split()
        if program in (places := [Path(word).name for word in words]):
            yield words[places.index(program) + 1 :]


@cache
def options() -> dict[str, set[str]]:
    """Return the options of each command, by the full name of the command."""
    return {
        context.command_path.removeprefix("fer-edge").strip(): {
            *context.help_option_names,
            *(
                name
                for param in command.get_params(context)
                if isinstance(param, click.Option)
                for name in (*param.opts, *param.secondary_opts)
            ),
        }
        for context, command in commands()
    }


def unknown(words: list[str]) -> list[str]:
    """Return the unknown commands and options among the words after `fer-edge`."""
    names, path = [word for word in words if not word.startswith("-")], ""
    for name in names:
        if (inner := f"{path} {name}".strip()) not in options():
            break
        path = inner
    if not path and names and re.fullmatch(r"[a-z-]+", names[0]) and words[0] == names[0]:
        return [f"fer-edge {names[0]}"]
    allowed = set().union(*(options()[known] for known in ("", path, *_carried(path))))
    given = [found[1] for word in words if (found := _OPTION.match(word))]
    return [f"fer-edge {path} {option}" for option in given if option not in allowed]


def _carried(path: str) -> tuple[str, ...]:
    """Return the commands whose options a command accepts after `--`."""
    return ("run",) if path.startswith("service") else ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page: Path) -> None:
    lines = list(lines_of_shell(page.read_text("utf-8")))
    wrong = [
        fault for line in lines for words in named(line, "fer-edge") for fault in unknown(words)
    ]
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    calls = re.findall(r"^(?:sudo )?make ([a-z0-9-]+)", "\n".join(lines), re.MULTILINE)
    wrong += [f"make {call}" for call in calls if call not in targets]
    modules = re.findall(r"python -m ((?:benchmarks|tests)[\w.]*)", "\n".join(lines))
    places = [ROOT / module.replace(".", "/") for module in modules]
    wrong += [
        str(p)
        for p in places
        if not (p.with_suffix(".py").exists() or (p / "__main__.py").exists())
    ]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_imports_public_names_only(page: Path) -> None:
    modules = set(re.findall(r"from (fer_edge[\w.]*) import", page.read_text("utf-8")))
    assert modules <= {*_PUBLIC, _PHOTO}


def test_a_command_or_option_that_does_not_exist_is_seen() -> None:
    page = "```sh\nfer-edge walk --camera 0\nfer-edge run --camera 0 \\\n    --webb x | cat\n```\n"
    page += "`fer-edge card shown x`, `make demo`, and `fer-edge service install -- --camera 0`"
    found = [
        fault
        for line in lines_of_shell(page)
        for words in named(line, "fer-edge")
        for fault in unknown(words)
    ]
    assert found == ["fer-edge walk", "fer-edge run --webb"]
