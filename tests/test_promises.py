"""Each promise of docs/explanation/promises.md is on its page and has a test."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXPLANATION = ROOT / "docs" / "explanation"
PROMISES, RELIABILITY = EXPLANATION / "promises.md", EXPLANATION / "reliability.md"
ROW = re.compile(r"\| (?P<page>[\w/-]+\.md) \| (?P<promise>.+) \| (?P<tests>`test_.+`) \|")
ROWS = [
    found for line in PROMISES.read_text("utf-8").splitlines() if (found := ROW.fullmatch(line))
]


@cache
def names_of_tests() -> frozenset[str]:
    texts = (path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for text in texts for name in re.findall(r"def (test_\w+)\(", text))


def plain(text: str) -> str:
    """Drop line breaks, and Markdown characters that do not change the meaning."""
    return " ".join(text.replace("**", "").replace("|", " ").split())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['page']}: {row['promise'][:50]}")
def test_a_promise_stands_on_its_page_and_has_tests(row: "re.Match[str]") -> None:
    assert plain(row["promise"]) in plain((ROOT / row["page"]).read_text("utf-8"))
    named = re.findall(r"`(test_\w+)`", row["tests"])
    assert named
    assert set(named) <= names_of_tests()


def test_the_promises_of_every_page_for_users_are_listed() -> None:
    pages = {row["page"] for row in ROWS}
    assert {"README.md", "SECURITY.md"} <= pages
    assert sum(page.startswith("docs/") for page in pages) >= 5
    assert len(ROWS) >= 25


def test_every_test_that_the_pages_name_exists() -> None:
    text = PROMISES.read_text("utf-8") + RELIABILITY.read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert named <= names_of_tests(), named - names_of_tests()


def test_every_command_of_the_pages_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    named = set(re.findall(r"(?:^ {4}|^\$ |`)make ([a-z][\w-]+)", text, re.MULTILINE))
    modules = set(re.findall(r"python -m (benchmarks\.\w+|tests\.\w+)", text))
    assert {"fuzz", "faults"} <= named
    assert named <= targets, named - targets
    assert "benchmarks.soak" in modules
    places = {module: ROOT.joinpath(*module.split(".")) for module in modules}
    missing = [
        name for name, at in places.items() if not (at.is_dir() or at.with_suffix(".py").is_file())
    ]
    assert missing == []
