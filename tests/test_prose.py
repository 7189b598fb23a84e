"""The prose linter of `make lint`: its rules find faults in prose, and only there."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def prose() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prose", ROOT / ".ci" / "prose.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "text",
    [
        "a " + "gr" + "ey picture",
        "the Raspberry Pi " + "wants" + " more",
        "right on 80" + " % of the faces",
        "it " + "is no" + " model",
        "the other one be" + "side it",
    ],
)
def test_a_sentence_against_the_rules_is_found(
    prose: ModuleType, tmp_path: Path, text: str
) -> None:
    for name in ("page.md", "page.js"):
        (tmp_path / name).write_text(f"# Title\n\n{text}.\n")
        (line,) = prose.findings(tmp_path / name)
        assert line.startswith(f"{tmp_path / name}:3: ")


def test_good_sentences_pass(prose: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("A gray picture. 80% of the faces. There is no model. Its own file.\n")
    assert not list(prose.findings(page))


def test_names_in_code_are_not_prose_but_are_spelled_american(
    prose: ModuleType, tmp_path: Path
) -> None:
    module = tmp_path / "module.py"
    module.write_text('told = 7 % 3\nprint(f"{told} faces", "she was " "' + "told" + '")\n')
    (line,) = prose.findings(module)
    assert ":2: told;" in line
    module.write_text("col" + "our_of = 1\n")
    (line,) = prose.findings(module)
    assert "American" in line
