"""`fer-edge sweep --ray`: trainings run as Ray tasks. `make test-ray` runs this file on JAX."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed (make test-ray)")
pytest.importorskip("keras", reason="Keras is not installed (make test-ray)")
pytest.importorskip("optuna", reason="Optuna is not installed (make test-ray)")

from fer_edge.faces.faceset import save_faceset
from tests.support.cartoons import make_faces

SWEEP = """
recipe = "small.toml"
trials = 3
[search]
learning_rate = {low = 1e-3, high = 1e-2, log = true}
"""


def sweep(folder: Path, address: str, *more: str) -> "subprocess.CompletedProcess[str]":
    paths = ["sweep.toml", "--data", "faces.npz", "--out", "out"]
    command = [sys.executable, "-m", "fer_edge", "sweep", *paths, "--ray", address, *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_faceset(make_faces(per_class=4, validation_per_class=2), tmp_path / "faces.npz")
    network = "[network]\nfilters = [4, 4, 8, 8]\ndense_units = 16\n"
    (tmp_path / "small.toml").write_text(f"epochs = 2\n{network}", "utf-8")
    (tmp_path / "sweep.toml").write_text(SWEEP, "utf-8")
    return tmp_path


def test_two_tasks_share_the_trials_and_the_report_is_of_all(folder: Path) -> None:
    done = sweep(folder, "local", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    with (folder / "out" / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["complete"] * 3
    assert {row["epochs_done"] for row in rows} == {"2"}
    assert (folder / "out" / "best.toml").exists()


def test_an_address_where_no_ray_answers_is_one_line(folder: Path) -> None:
    done = sweep(folder, "127.0.0.1:1")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "Ray does not answer at 127.0.0.1:1" in line
