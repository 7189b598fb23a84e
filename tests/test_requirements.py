"""The files in requirements/, for devices on which pip alone chooses wrong packages."""

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")

ROOT = Path(__file__).resolve().parents[1]
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "dependencies"
]


def bounds(requirement: str) -> tuple[str, set[str]]:
    """Split a requirement into its name and its bounds."""
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    rest = requirement[name.end() :].partition("#")[0].strip()
    return name[0], {bound.strip() for bound in rest.split(",")}


def requirements(name: str) -> dict[str, set[str]]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
    return dict(bounds(line) for line in lines if line and not line.startswith("#"))


def test_tflite_runtime_stands_in_for_litert_and_for_nothing_else() -> None:
    project = dict(bounds(item) for item in DEPENDENCIES)
    del project["ai-edge-litert"]
    own = requirements("tflite-runtime")
    assert own.pop("tflite-runtime")
    assert own.keys() == project.keys()
    for name in own.keys() - {"numpy", "opencv-python-headless"}:
        assert own[name] == project[name]
    assert "<2" in own["numpy"]


@pytest.mark.parametrize("name", ["bookworm", "trixie"])
def test_a_systems_constraints_pin_its_numpy_and_install_nothing_more(name: str) -> None:
    found = requirements(name)
    assert found.keys() <= {"numpy", "opencv-python-headless"}
    (pin,) = found["numpy"]
    assert re.fullmatch(r"==[\d.]+", pin)


@pytest.mark.parametrize("name", ["bookworm", "trixie", "tflite-runtime"])
def test_every_file_is_named_in_the_documentation(name: str) -> None:
    pages = [path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")]
    assert any(f"requirements/{name}.txt" in page for page in pages)
