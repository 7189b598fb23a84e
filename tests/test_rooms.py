"""The rooms: a folder imports from lower floors only, and no imports form a circle."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("fer_edge", "training", "converters", "runtime")
MOST_ROOMS = {"runtime": 12}
MOST_FLOORS = {"runtime": 5}
"""Limits that keep the structure clear; `docs/explanation/architecture.md` shows the floors."""


def module_of(path: Path) -> str:
    """Return a file's module: runtime/capture/frame.py -> fer_edge.runtime.capture.frame."""
    parts = [*path.relative_to(ROOT).with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts if parts[0] == "fer_edge" else ["fer_edge", *parts])


FILES = {module_of(path): path for stage in STAGES for path in sorted((ROOT / stage).rglob("*.py"))}
FACES = {name for name, path in FILES.items() if path.name == "__init__.py"}


def imported(module: str, text: str) -> Iterator[str]:
    """Yield our modules that a module imports anywhere, type checking included."""
    package = module if module in FACES else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom):
            continue
        home = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*home, *([node.module] if node.module else [])])
        for alias in node.names:
            if f"{base}.{alias.name}" in FILES:
                yield f"{base}.{alias.name}"
            elif base in FILES:
                yield base


ARROWS = {name: set(imported(name, path.read_text("utf-8"))) for name, path in FILES.items()}


def stage_of(module: str) -> str:
    second = module.split(".")[1:2]
    return second[0] if second and second[0] in STAGES[1:] else "fer_edge"


def room_of(module: str) -> str | None:
    """Return the folder or file directly below the stage; None for the stage's `__init__.py`."""
    inside = module.split(".")[1 if stage_of(module) == "fer_edge" else 2 :]
    return inside[0] if inside else None


def rooms(stage: str) -> dict[str, set[str]]:
    """Return each room of a stage with the rooms of the stage that it imports."""
    found: dict[str, set[str]] = {}
    for module, others in ARROWS.items():
        room = room_of(module)
        if room is None or stage_of(module) != stage:
            continue
        below = {room_of(other) for other in others if stage_of(other) == stage}
        found.setdefault(room, set()).update(name for name in below if name not in (None, room))
    return found


def circle(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the modules of one circle; an empty list if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def floors(arrows: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return each room's floor: one above the highest floor that it imports from."""
    found: dict[str, int] = {}
    for room in TopologicalSorter(arrows).static_order():
        found[room] = 1 + max((found[below] for below in arrows[room]), default=0)
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    inner = {name: {other for other in ARROWS[name] - FACES if other != name} for name in FILES}
    assert circle(inner) == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_rooms_import_each_other_in_a_circle(stage: str) -> None:
    assert circle(rooms(stage)) == []


@pytest.mark.parametrize("stage", MOST_ROOMS)
def test_a_stage_has_few_rooms_on_few_floors(stage: str) -> None:
    assert len(rooms(stage)) <= MOST_ROOMS[stage]
    assert max(floors(rooms(stage)).values()) <= MOST_FLOORS[stage]


def test_the_page_on_architecture_shows_every_room_of_the_runtime_on_its_floor() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
    drawn = {
        room: int(floor)
        for floor, line in re.findall(r"^ floor (\d+) +(.+)$", page, re.MULTILINE)
        for room in line.split()
    }
    assert drawn == floors(rooms("runtime"))
    assert all(f"| `{room}/` |" in page for room in drawn)


def test_paths_on_the_page_exist() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
    paths = re.findall(r"\b((?:fer_edge|training|converters|runtime|tests)/[\w/]+(?:\.py)?)", page)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_room_says_what_it_holds() -> None:
    silent = [
        name for name in FACES if ast.get_docstring(ast.parse(FILES[name].read_text())) is None
    ]
    assert silent == []


def test_a_planted_circle_is_seen() -> None:
    lines = "from ..tracking.track import Track\nfrom . import shrinking"
    found = set(imported("fer_edge.runtime.detection.yunet", lines))
    assert found == {"fer_edge.runtime.tracking.track", "fer_edge.runtime.detection.shrinking"}
    assert set(circle({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})) == {"a", "b", "c"}
    assert floors({"a": [], "b": ["a"], "c": ["a", "b"]}) == {"a": 1, "b": 2, "c": 3}
