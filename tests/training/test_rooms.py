"""The rooms of training: imports go downwards only."""

import ast
from pathlib import Path

import pytest

TRAINING = Path(__file__).resolve().parents[2] / "training"
FLOORS = (
    "architectures",
    "data",
    "recipes",
    "backend",
    "reporting",
    "warm_start",
    "targets",
    "loop",
)
"""From the ground up; above them stand the modules that lie in no room."""
MODULES = [path for path in sorted(TRAINING.rglob("*.py")) if path.parent != TRAINING]


def rooms_imported(path: Path, text: str) -> set[str]:
    """Name the rooms of training that a module imports, its own left out."""
    depth = len(path.relative_to(TRAINING).parts)
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name.partition(".")[0] for name in names}
    return found


def floor(name: str) -> int:
    return FLOORS.index(name) if name in FLOORS else len(FLOORS)


def test_every_room_has_its_floor():
    assert {path.parent.name for path in MODULES} == set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TRAINING)))
def test_a_module_imports_from_rooms_below_its_own_only(path: Path):
    own = floor(path.parent.name)
    above = [name for name in rooms_imported(path, path.read_text("utf-8")) if floor(name) >= own]
    assert not above


def test_a_planted_upward_import_is_seen():
    place = TRAINING / "data" / "x.py"
    assert rooms_imported(place, "from ..loop.epochs import run_epochs") == {"loop"}
    assert rooms_imported(place, "from .. import run") == {"run"}
    assert rooms_imported(place, "from .fer2013 import VOTES") == set()
