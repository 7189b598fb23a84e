"""`fer-edge train` where PyTorch is the only backend, in a separate environment.

Continuous integration has JAX as the second backend. PyTorch's wheels bring CUDA, several
gigabytes: `make test-pytorch` installs them once, then runs these tests in minutes.
"""

import csv
import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (fer-edge[train])")

from click.testing import CliRunner

from fer_edge.cli.main import main
from fer_edge.faces.faceset import save_faceset
from tests.support.cartoons import make_faces
from tests.support.environment import make_environment, run_outside

ROOT = Path(__file__).resolve().parents[2]
FOLDER = os.environ.get("FER_EDGE_PYTORCH")

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="run by `make test-pytorch`: it installs gigabytes"
)

RECIPES = ("tiny", "compact", "compact-distilled", "tiny-mixed", "own-faces")


@pytest.fixture(scope="module")
def programs() -> Path:
    """Make the environment; return the folder of its programs."""
    assert FOLDER is not None
    own = ("--force-reinstall", "--no-deps", ".")
    return make_environment(Path(FOLDER), (".[train-torch]",), own, root=ROOT)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    save_faceset(make_faces(), tmp_path / "faces.npz")
    return tmp_path / "faces.npz"


def train(programs: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KERAS")}
    return subprocess.run(
        [str(part) for part in (programs / "fer-edge", "train", *arguments)],
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pytorch_is_the_only_backend(programs: Path, tmp_path: Path) -> None:
    names = "('torch', 'jax', 'tensorflow')"
    code = f"from importlib.util import find_spec; print([n for n in {names} if find_spec(n)])"
    assert run_outside(programs / "python", "-c", code, folder=tmp_path).strip() == "['torch']"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_every_precision_trains(precision: str, programs: Path, faces: Path) -> None:
    run = faces.parent / "run"
    common = ("--data", faces, "--recipe", "four-block", "--epochs", 2, "--batch-size", 8)
    done = train(programs, *common, "--precision", precision, "--out", run)
    assert done.returncode == 0, done.stderr
    first = done.stderr.splitlines()[0]
    assert "training on torch " in first
    assert first.endswith(f", {precision}")
    with (run / "history.csv").open() as file:
        losses = [float(epoch["loss"]) for epoch in csv.DictReader(file)]
    assert len(losses) == 2
    assert all(0 < loss < 100 for loss in losses)


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_with_teachers_averages_and_outliers_train(
    recipe: str, programs: Path, faces: Path
) -> None:
    lines = (ROOT / "training/recipes" / f"{recipe}.toml").read_text("utf-8").splitlines()
    needs_votes = ("drop_non_faces", "votes_weight")  # the drawn faces have none
    own = faces.parent / "own.toml"
    own.write_text("\n".join(line for line in lines if not line.startswith(needs_votes)), "utf-8")
    start = () if recipe == "own-faces" else ("--start", recipe.split("-")[0], "--teacher", "tiny")
    common = ("--data", faces, "--recipe", own, "--epochs", 1, "--batch-size", 8)
    done = train(programs, *common, *start, "--out", faces.parent / "run")
    assert done.returncode == 0, done.stderr
    assert "every face" in done.stdout


def test_a_run_continues_and_is_converted_where_tensorflow_is(programs: Path, faces: Path) -> None:
    run, models = faces.parent / "run", faces.parent / "models"
    common = ("--data", faces, "--recipe", "four-block", "--batch-size", 8, "--out", run)
    done = train(programs, *common, "--epochs", 1)
    assert done.returncode == 0, done.stderr
    refused = train(programs, *common, "--epochs", 1, "--qat", "--resume")
    assert refused.returncode == 1
    assert "quantization-aware training needs TensorFlow" in refused.stderr
    wanted = ["--int8", "--float32", "--max-drop", "100", "--min-agreement", "0"]
    places = [str(run), "--data", str(faces), "--out", str(models)]
    result = CliRunner().invoke(main, ["convert", *places, *wanted])
    assert result.exit_code == 0, result.output
    assert "agreement 100.00%" in result.output


def test_sharpness_and_several_devices_name_another_backend(programs: Path, faces: Path) -> None:
    common = ("--data", faces, "--batch-size", 8, "--out", faces.parent / "run")
    own = faces.parent / "own.toml"
    own.write_text("epochs = 1\n[optimizer]\nsharpness = 0.05\n", "utf-8")
    for arguments in (("--recipe", own), ("--recipe", "four-block", "--devices", 2)):
        done = train(programs, *common, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "KERAS_BACKEND" in done.stderr
