"""A short, repeatable run through the doors; `make fuzz` is the long run."""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fer_edge.errors import FerEdgeError
from tests.fuzz.door import Door
from tests.fuzz.doors import DOORS, find_door
from tests.fuzz.engine import (
    CORPUS,
    Crash,
    fault,
    keep,
    make_input,
    minimized,
    run_here,
    run_in_children,
)
from tests.fuzz.native_doors import NATIVE_DOORS
from tests.fuzz.network_doors import NETWORK_DOORS
from tests.fuzz.python_doors import PYTHON_DOORS


def fault_in_child(door: Door, path: Path) -> str:
    """Read a file by a native door in a separate process; return the kind of the failure."""
    program = (
        "import os, sys; from pathlib import Path; from tests.fuzz.doors import find_door; "
        "from tests.fuzz.engine import fault; folder = Path(sys.argv[3]); folder.mkdir(); "
        "print(fault(find_door(sys.argv[1]), Path(sys.argv[2]).read_bytes(), folder), flush=True); "
        "os._exit(0)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program, door.name, path, f"{folder}/files"],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    return done.stdout.strip() if done.returncode == 0 else f"exit code {done.returncode}"


FOUND = [path for path in sorted(CORPUS.rglob("*")) if path.is_file()]
"""Small inputs that once failed."""


def told(crashes: list[Crash]) -> str:
    return "\n".join(map(repr, crashes))[:4000]


@pytest.mark.slow
@pytest.mark.parametrize("door", PYTHON_DOORS, ids=lambda door: door.name)
def test_a_door_of_python_reads_an_input_or_refuses_it_in_one_line(door: Door) -> None:
    crashes = run_here(door, door.most)
    assert not crashes, told(crashes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "door", [door for door in NATIVE_DOORS if door.most], ids=lambda door: door.name
)
def test_a_native_door_survives_within_its_limits(door: Door) -> None:
    done, crashes = run_in_children(door, 0, door.most)
    assert done == door.most
    assert not crashes, told(crashes)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_failed_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    door = find_door(path.parent.name)
    kind = (
        fault_in_child(door, path) if door.is_native else fault(door, path.read_bytes(), tmp_path)
    )
    assert kind == ""


def test_the_corpus_is_small() -> None:
    assert all(path.stat().st_size < 50_000 for path in FOUND)
    assert {path.parent.name for path in FOUND} <= {door.name for door in DOORS}


def test_the_number_of_an_input_is_its_name() -> None:
    door = find_door("card")
    seeds = door.seeds()
    first = [make_input(door, seeds, number) for number in range(50)]
    assert first == [make_input(door, seeds, number) for number in range(50)]
    assert len(set(first)) > 40


def broken(data: bytes, folder: Path) -> None:
    if b"<" in data and b">" in data:
        raise KeyError("both")
    if b"!" in data:
        raise FerEdgeError("in one line")


BROKEN = Door("broken", lambda: [b"some <text> of many words!" * 20], lambda _, data: data, broken)


def test_a_failure_is_found_made_small_and_named_by_itself(tmp_path: Path) -> None:
    [crash] = run_here(BROKEN, 1)
    assert crash.kind == "KeyError in test_fuzz.broken"
    path = keep(crash, BROKEN, tmp_path)
    assert path.read_bytes() in (b"<>", b"><")
    assert path.parent.name == "broken"
    assert path.name.startswith("KeyError-in-test-fuzz-broken-")


def test_minimizing_ends_also_where_nothing_can_be_left_out() -> None:
    tries: list[bytes] = []

    def fails(data: bytes) -> bool:
        tries.append(data)
        return False

    assert minimized(b"abc" * 1000, fails) == b"abc" * 1000
    assert len(tries) <= 400


@pytest.mark.train
def test_keras_files_and_saved_models_have_a_door() -> None:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed (fer-edge[train])")
    for door in NETWORK_DOORS:
        if door.name == "saved-model":  # the last door runs it, too
            continue
        done, crashes = run_in_children(door, 0, 6)
        assert (done, crashes) == (6, []), door.name
