"""Version, license and commands of a release are equal in all files."""

import re
from pathlib import Path

import pytest

from fer_edge import __version__

ROOT = Path(__file__).resolve().parents[1]
tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_citation_has_the_version_and_the_license() -> None:
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == __version__
    assert re.search(r"^license: (.+)$", citation, re.MULTILINE)[1] == PROJECT["license"]


def test_the_first_heading_of_the_changelog_is_the_version() -> None:
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version, state = re.findall(r"^## \[(.+)\] - (.+)$", log, re.MULTILINE)[0]
    assert version == __version__
    assert state == "unreleased" or re.fullmatch(r"\d{4}-\d\d-\d\d", state)


def test_the_version_stands_in_one_place_of_the_package() -> None:
    assert PROJECT["dynamic"] == ["version"]
    lines = [
        path
        for stage in ("fer_edge", "training", "converters", "runtime")
        for path in (ROOT / stage).rglob("*.py")
        if re.search(r"^__version__ = ", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert lines == [ROOT / "fer_edge" / "__init__.py"]


def test_public_ci_runs_every_python_that_the_package_names() -> None:
    named = [
        item.rpartition(" ")[2] for item in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", item)
    ]
    checks = (ROOT / ".github" / "workflows" / "checks.yml").read_text("utf-8")
    (tested,) = re.findall(r"python: \[(.+)\]", checks)
    assert re.findall(r"[\d.]+", tested) == named
    assert named[0] == PROJECT["requires-python"].removeprefix(">=")


def test_hooks_before_a_commit_use_the_linter_of_the_tests() -> None:
    pinned = re.search(r"^(ruff==[\d.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[1]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert set(re.findall(r"ruff==[\d.]+", hooks)) == {pinned}


def test_every_workflow_runs_commands_that_the_makefile_has() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {
        file.name: set(re.findall(r"\bmake ([\w-]+)", file.read_text("utf-8")))
        for file in (ROOT / ".github" / "workflows").glob("*.yml")
    }
    assert called["checks.yml"]
    for name, some in called.items():
        assert some <= targets, name
