"""The blocks of each tutorial run in order, in an empty folder, and print what the page shows.

CONTRIBUTING.md describes how a page marks blocks that are not run and files that it needs. A page
with `<!-- test: slow -->` (training, benchmarks) is run by `make docs-test` only.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks, missing_lines, run, steps
from tests.docs.given_files import GIVEN

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path for path in (ROOT / "docs" / "tutorials").glob("*.md") if path.name != "index.md"
)
SLOW = "FER_EDGE_DOCS"
LANGUAGES = {"sh", "python", "text", "toml", "yaml", "json", "ini", "html"}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs_and_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    is_slow = "<!-- test: slow -->" in text
    if is_slow and SLOW not in os.environ:
        pytest.skip(f"{page.name} takes long; run by `make docs-test`")
    pytest.importorskip("matplotlib", reason="the sample photograph comes with matplotlib")
    todo = steps(text)
    if not todo:
        pytest.skip(f"{page.name} has nothing that runs without a device")
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    for name in re.findall(r"<!-- test: file (\S+) -->", text):
        GIVEN[name.rstrip("/")](tmp_path / name)
    done = run(todo, tmp_path, seconds=3000 if is_slow else 300)
    for step, (status, output) in zip(todo, done, strict=False):
        place = f"{page.name}, line {step.block.line}:\n{step.command}\n{output}"
        assert status == 0, place
        assert missing_lines(step.output or "", output) == [], place
    assert len(done) == len(todo)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_tutorial_has_a_language_that_is_run_or_shown(page: Path) -> None:
    assert {block.language for block in blocks(page.read_text("utf-8"))} <= LANGUAGES


def test_a_wrong_output_and_a_failing_command_are_seen(tmp_path: Path) -> None:
    page = "```sh\necho face 1, 86%\necho more\n```\n```text\nface 2, 7%\n...\n```\n"
    page += (
        '```toml title="door.toml"\na = 1\n```\n```python\nprint(open("door.toml").read())\n```\n'
    )
    page += '```text\nb = 1\n```\n```sh\nfalse\n```\n```sh title="not run"\nexit 3\n```\n'
    todo = steps(page)
    done = run(todo, tmp_path, seconds=60)
    assert [status for status, _ in done] == [0, 0, 0, 1]
    assert missing_lines(todo[0].output or "", done[0][1]) == []
    assert missing_lines(todo[2].output or "", done[2][1]) == ["b = 1"]
    assert missing_lines("first\nsecond ...", "second one\nfirst\n") == ["second ..."]
    assert blocks(page)[0] == Block("sh", "", "echo face 1, 86%\necho more\n", 1)
