"""Shared fixtures: synthetic faces, a small face set, the command line."""

import fcntl
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fer_edge.cli.main import main
from fer_edge.faces.faceset import FaceSet, save_faceset
from fer_edge.training import train
from tests.support.cartoons import make_faces
from tests.support.quick_recipe import QUICK_RECIPE

# A suite that is started in the background (nohup, a CI runner) may ignore these, and what it
# starts inherits that; the tests that send them need them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# which models were tried is noted here and not in the user's own folder; child processes inherit it
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="fer-edge-cache-")

TRAINING_LIBRARIES = ("keras", "tensorflow", "tf_keras", "tensorflow_model_optimization", "jax")
REAL_SERVERS = {"broker", "browser", "rtsp", "serve", "subscribe"}
REAL_SERVERS |= {"device", "bare_device", "small_disk", "systemd", "two"}
"""Fixtures that start one; the tests that ask for them are slow."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--light",
        action="store_true",
        help="Without Keras, TensorFlow and JAX, as if they were not installed; no slow tests.",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--light"):
        for (
            name
        ) in TRAINING_LIBRARIES:  # files whose tests all need them skip at their importorskip
            sys.modules[name] = None  # type: ignore[assignment]
        config.option.markexpr = config.option.markexpr or "not train and not slow"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not REAL_SERVERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    # the longest first, so that no worker is left with one at the end (--no-loadscope-reorder)
    items.sort(key=_is_light)


def _is_light(item: pytest.Item) -> tuple[bool, bool]:
    return item.get_closest_marker("train") is None, "training" not in item.path.parts


@pytest.fixture
def faces() -> FaceSet:
    return make_faces()


@pytest.fixture
def fer_edge() -> Callable[..., Result]:
    """Run the command line in this process: fer_edge("run", "--input", path)."""

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def media() -> Path:
    """The folder of real photographs and clips that lies next to some checkouts."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "media"
    if not folder.is_dir():
        pytest.skip(f"no real photographs at {folder}")
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Train a run with its quantization-aware stage on cartoons; returns (run, face set)."""
    pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
    base = tmp_path_factory.getbasetemp()
    # the workers of pytest-xdist share it: the second waits until it is there
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    shared.mkdir(exist_ok=True)
    data, run = shared / "cartoons.npz", shared / "cartoons"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not run.exists():
            save_faceset(make_faces(per_class=24, validation_per_class=12), data)
            recipe = shared / "quick.toml"
            recipe.write_text(QUICK_RECIPE, "utf-8")
            train(data, run, recipe, qat=True)  # without the conversion that the command ends with
    return run, data
