"""Checks of the Containerfile without a container engine (docs/how-to/run-in-a-container.md)."""

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Containerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SOURCES = [
    source for line in re.findall("^COPY (.+)$", TEXT, re.MULTILINE) for source in line.split()[:-1]
]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_copied_exists_and_is_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    assert f"!{source}" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def test_everything_that_makes_the_package_is_copied() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    wanted = {*setuptools["package-dir"].values(), *PROJECT["license-files"], PROJECT["readme"]}
    assert wanted <= set(SOURCES)


def test_the_extras_and_the_command_exist() -> None:
    (extras,) = re.findall("^ARG EXTRAS=(.+)$", TEXT, re.MULTILINE)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    assert 'ENTRYPOINT ["fer-edge"]' in TEXT
    assert "fer-edge" in PROJECT["scripts"]


def test_the_documented_build_keeps_the_health_check() -> None:
    (in_file,) = re.findall("^# +(podman build .+)$", TEXT, re.MULTILINE)
    page = (ROOT / "docs/how-to/run-in-a-container.md").read_text("utf-8")
    (in_page,) = re.findall("^(podman build .+)$", page, re.MULTILINE)
    assert in_file == in_page
    assert "\nHEALTHCHECK " not in TEXT or "--format docker" in in_page


def test_it_runs_without_root_and_ends_by_the_signal_that_is_obeyed() -> None:
    assert TEXT.index("\nUSER fer-edge") > TEXT.index("\nRUN ")
    assert "\nSTOPSIGNAL SIGTERM" in TEXT
