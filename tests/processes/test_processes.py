"""Training in two real processes: JAX on this machine's CPU. Run by `make test-processes`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from fer_edge.faces.faceset import save_faceset
from fer_edge.runfolder import FLOAT_MODEL, HISTORY
from tests.support.cartoons import make_faces
from tests.support.ssh_access import free_port
from tests.training.backend.test_backends import RECIPE

Start = Callable[..., "subprocess.Popen[str]"]
Together = Callable[..., list[tuple[int, str, str]]]

pytestmark = [
    pytest.mark.skipif("FER_EDGE_PROCESSES" not in os.environ, reason="run by make test-processes"),
    pytest.mark.skipif(not find_spec("jax"), reason="JAX is not installed (fer-edge[train-jax])"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two face sets and a recipe, for the runs of all tests."""
    place = tmp_path_factory.mktemp("place")
    (place / "recipe.toml").write_text(RECIPE.replace("epochs = 2", "epochs = 3", 1))
    save_faceset(make_faces(per_class=4, validation_per_class=3), place / "faces.npz")
    save_faceset(make_faces(per_class=5, validation_per_class=3), place / "others.npz")
    return place


@pytest.fixture(scope="module")
def start(place: Path) -> Start:
    def begin(name: str, *words: object, faces: str = "faces.npz") -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "fer_edge", "train", "--data", place / faces]
        command += ["--recipe", place / "recipe.toml", "--out", place / name, *words]
        return subprocess.Popen(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        )

    return begin


@pytest.fixture(scope="module")
def together(start: Start) -> Together:
    """Return a function that trains in two processes; it returns exit code, output and errors."""

    def run(*names: str, faces: tuple[str, str] = ("faces.npz", "faces.npz"), words=()) -> list:
        where = ["--coordinator", f"127.0.0.1:{free_port()}", "--processes", 2]
        running = [
            start(name, *where, "--process-id", number, *words, faces=faces[number])
            for number, name in enumerate(names)
        ]
        ends = [process.communicate(timeout=500) for process in running]
        return [(process.returncode, *end) for process, end in zip(running, ends, strict=True)]

    return run


@pytest.fixture(scope="module")
def alone(start: Start, place: Path) -> Path:
    process = start("alone")
    assert process.wait(500) == 0
    return place / "alone"


def assert_alike(one: Path, two: Path) -> None:
    """Assert that two runs agree in the scores of each epoch and in their networks' predictions."""
    import keras
    import numpy as np

    def numbers(folder: Path) -> list[list[float]]:
        lines = (folder / HISTORY).read_text().splitlines()
        names = lines[0].split(",")
        kept = [i for i, name in enumerate(names) if name != "seconds"]
        return [[float(line.split(",")[i]) for i in kept] for line in lines[1:]]

    np.testing.assert_allclose(numbers(one), numbers(two), rtol=2e-3, atol=1e-5)
    first, second = (keras.models.load_model(f / FLOAT_MODEL, compile=False) for f in (one, two))
    size = first.input_shape[1]
    pixels = np.random.default_rng(0).random((8, size, size, 1), np.float32)
    np.testing.assert_allclose(
        first.predict(pixels, verbose=0), second.predict(pixels, verbose=0), atol=2e-3
    )


def test_two_processes_learn_what_one_learns_and_the_first_writes(
    together: Together, alone: Path, place: Path
) -> None:
    (first, said, _), (second, silence, epochs) = together("two", "elsewhere", words=["--json"])
    assert (first, second) == (0, 0)
    assert json.loads(said) == json.loads((place / "two" / "scores.json").read_text())
    assert silence == ""
    assert "epoch" not in epochs
    assert not list(place.glob("elsewhere*"))
    assert {path.name for path in (place / "two").iterdir()} == {
        path.name for path in alone.iterdir()
    }
    assert_alike(alone, place / "two")


def test_a_killed_process_ends_both_and_both_go_on(
    start: Start, together: Together, alone: Path, place: Path
) -> None:
    where = ["--coordinator", f"127.0.0.1:{free_port()}", "--processes", 2]
    first = start("killed", *where, "--process-id", 0)
    second = start("killed", *where, "--process-id", 1)
    assert first.stderr is not None
    while "epoch   1/3" not in (line := first.stderr.readline()):
        assert line, "the first process ended"
    second.send_signal(signal.SIGKILL)
    second.wait()
    assert first.wait(200) != 0
    assert "--resume" in first.stderr.read().splitlines()[-1]
    (code, _, errors), (other, _, _) = together("killed", "nowhere", words=["--resume"])
    assert (code, other) == (0, 0), errors
    assert_alike(alone, place / "killed")


def test_what_only_the_first_can_see_is_said_by_both(together: Together, alone: Path) -> None:
    ends = together("alone", "alone")
    assert [code for code, _, _ in ends] == [1, 1]
    for _, _, errors in ends:
        (line,) = errors.splitlines()
        assert "already exists" in line


def test_other_faces_are_refused_by_both(together: Together, place: Path) -> None:
    ends = together("others", "others", faces=("faces.npz", "others.npz"))
    for code, _, errors in ends:
        assert code == 1
        (line,) = errors.splitlines()
        assert "the face set of process 1 differs from that of process 0" in line
    assert not list(place.glob("others*.partial"))
