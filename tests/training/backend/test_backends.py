"""Float stage on JAX and PyTorch, in an environment without TensorFlow."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.faces.faceset import save_faceset
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.training.reporting.test_eventlog import scalars

pytestmark = pytest.mark.train

ROOT = Path(__file__).resolve().parents[3]
RECIPE = """
epochs = 2
batch_size = 8
[network]
filters = [4, 4, 8, 8]
block_dropout = 0.0
dropout = 0.0
dense_units = 16
[augmentation]
rotation_degrees = 5.0
[optimizer]
average = 0.9
[qat]
epochs = 1
"""


@pytest.fixture(scope="session")
def no_tensorflow(tmp_path_factory):
    """Make an environment of all installed packages except TensorFlow; return `run`.

    It is a folder of links, which is Python's only search path besides the standard library.
    """
    folder = tmp_path_factory.mktemp("without") / "packages"
    (folder / "fer_edge").mkdir(parents=True)
    for item in (ROOT / "fer_edge").iterdir():
        (folder / "fer_edge" / item.name).symlink_to(item)
    for stage in ("training", "converters", "runtime"):
        (folder / "fer_edge" / stage).symlink_to(ROOT / stage)
    for site in map(Path, sys.path):
        if site.name not in ("site-packages", "dist-packages"):
            continue
        for item in site.iterdir():
            left_out = re.match(r"(tensorflow|tf_keras|fer_edge$|__editable__|.*\.pth$)", item.name)
            if left_out or (folder / item.name).exists():
                continue
            if item.name == "cv2":  # cv2 resolves links, and loads itself from its real folder
                shutil.copytree(item, folder / "cv2", copy_function=link_or_copy)
            else:
                (folder / item.name).symlink_to(item)

    def run(*arguments, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KERAS", "PYTHON"))}
        return subprocess.run(
            [sys.executable, "-S", *map(str, arguments)],
            env=clean | {"PYTHONPATH": str(folder), "KERAS_HOME": str(folder)} | environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "No module named 'tensorflow'" in run("-c", "import tensorflow").stderr
    return run


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy(source, target)


def options(folder):
    save_faceset(make_faces(), folder / "faces.npz")
    (folder / "recipe.toml").write_text(RECIPE)
    return ["--data", folder / "faces.npz", "--recipe", folder / "recipe.toml"]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_float_stage_needs_no_tensorflow(backend, no_tensorflow, fer_edge, tmp_path):
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed (fer-edge[train-{backend}])")
    run = tmp_path / "run"
    common = ["train", *options(tmp_path), "--out", run]
    # if only JAX is installed, it is chosen without the variable
    chosen = {} if backend == "jax" else {"KERAS_BACKEND": backend}
    log = ["--tensorboard", tmp_path / "log"] if find_spec("tensorboard") else []
    done = no_tensorflow("-m", "fer_edge", *common, *log, **chosen)
    assert done.returncode == 0, done.stderr
    first, *lines = done.stderr.splitlines()
    assert f"training on {backend} " in first
    assert [line[:15] for line in lines] == ["float epoch   1", "float epoch   2"], done.stderr
    assert re.search(r"top-3 +\S+%  validation .*top-3 +\S+%  rate .* left$", lines[0])
    assert "every face" in done.stdout
    assert f"{backend} (float stage" in (run / "run.json").read_text()
    with (run / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert all(0 < float(epoch["validation_top3"]) <= 1 for epoch in history)
    if log:
        written = scalars(tmp_path / "log" / "float" / "validation")["top3"]
        assert [value for _, value in written] == pytest.approx(
            [float(epoch["validation_top3"]) for epoch in history]
        )

    refused = no_tensorflow("-m", "fer_edge", *common, "--qat", "--resume", **chosen)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert f"Keras runs on {backend}" in line
    assert "KERAS_BACKEND=tensorflow" in line

    # with TensorFlow, the same run continues
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed (fer-edge[train])")
    network = (run / "model.keras").read_bytes()
    result = fer_edge(*common, *log, "--qat", "--resume")
    assert result.exit_code == 0, result.output
    for scheme in ("float", "int8, post-training", "int8, quantization-aware"):
        assert re.search(rf"^{scheme} +accuracy", result.stdout, re.MULTILINE), result.stdout
    assert not log or len(scalars(tmp_path / "log" / "qat" / "train")["top3"]) == 1
    assert (run / "qat.h5").exists()
    assert (run / "model.keras").read_bytes() == network


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("tensorflow", "pip install 'fer-edge[train]'"),
        ("numpy", "expected one of tensorflow, jax, torch"),
    ],
)
def test_a_backend_that_is_not_there_is_one_clear_line(backend, words, no_tensorflow, tmp_path):
    command = ["-m", "fer_edge", "train", *options(tmp_path), "--out", tmp_path / "run"]
    done = no_tensorflow(*command, KERAS_BACKEND=backend)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("fer-edge: error: KERAS_BACKEND")
    assert words in line
    assert not (tmp_path / "run.partial").exists()


ON_TWO_DEVICES = """
import json, sys
from pathlib import Path
import numpy as np
from fer_edge.errors import ConfigError, TrainingError
from fer_edge.faces.faceset import load_faceset
from fer_edge.training.loop import float_stage
from fer_edge.training.backend.cluster import Cluster
from fer_edge.training.backend.devices import spread
from fer_edge.training.recipes.recipe import load_recipe

folder = Path(sys.argv[1])
recipe = load_recipe(str(folder / "recipe.toml"))
even = load_faceset(folder / "faces.npz")
odd = even.select(np.arange(1, len(even)))

def losses(name, faces, devices):
    epochs = []
    (folder / name).mkdir()
    with spread(Cluster(devices), recipe.batch_size):
        float_stage.train_float(recipe, faces, folder / name, on_epoch=epochs.append)
    return [(epoch.loss, epoch.validation_loss) for epoch in epochs]

def refusal(devices, batch_size):
    try:
        with spread(Cluster(devices), batch_size):
            raise SystemExit("it was not refused")
    except (ConfigError, TrainingError) as error:
        return str(error)

print(json.dumps([
    losses("one", even, 1), losses("two", even, 2), losses("rest", odd, 2),
    refusal(3, 9), refusal(2, 7),
]))
"""


@pytest.mark.skipif("FER_EDGE_PROCESSES" not in os.environ, reason="run by make test-processes")
@pytest.mark.skipif(not find_spec("jax"), reason="JAX is not installed (fer-edge[train-jax])")
def test_two_devices_learn_what_one_learns(no_tensorflow, tmp_path):
    options(tmp_path)
    flags = "--xla_force_host_platform_device_count=2"
    done = no_tensorflow("-c", ON_TWO_DEVICES, tmp_path, KERAS_BACKEND="jax", XLA_FLAGS=flags)
    assert done.returncode == 0, done.stderr
    one, two, rest, too_many, uneven = json.loads(done.stdout)
    for alone, shared in zip(one, two, strict=True):
        assert shared == pytest.approx(alone, rel=1e-3)
    assert len(rest) == 2  # the last batch is not full, and left out in each epoch
    assert "found 2 devices" in too_many
    assert "cannot be divided among 2 devices" in uneven
    assert "--batch-size 8" in uneven


def test_several_devices_need_jax(fer_edge, tmp_path):
    command = ["train", *options(tmp_path), "--out", tmp_path / "run"]
    for words in (("--devices", "2"), ("--coordinator", "localhost:1", "--processes", "2")):
        assert_one_clear_line(fer_edge(*command, *words), "with JAX only", "KERAS_BACKEND=jax")
    assert_one_clear_line(fer_edge(*command, "--processes", "2"), "but no coordinator")
    assert not (tmp_path / "run.partial").exists()
