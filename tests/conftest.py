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

from fer_edge import runtime
from fer_edge.cli.main import main
from fer_edge.faces.faceset import FaceSet, save_faceset
from fer_edge.training import train
from tests.support.cartoons import make_faces
from tests.support.quick_recipe import QUICK_RECIPE

# A test run that is started in the background (nohup, a CI runner) may ignore these signals, and
# its child processes inherit this; some tests send the signals and need the default handlers.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# fer-edge records tried models here, not in the user's own cache; child processes inherit this
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="fer-edge-cache-")

ROOT = Path(__file__).resolve().parents[1]
TRAINING_LIBRARIES = ("keras", "tensorflow", "tf_keras", "tensorflow_model_optimization", "jax")
REAL_SERVERS = {"broker", "browser", "rtsp", "serve", "subscribe"}
REAL_SERVERS |= {"device", "bare_device", "small_disk", "systemd", "two"}
"""Fixtures that start a server, a device or a mount; tests that use one are marked as slow."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--light",
        action="store_true",
        help="Run as if Keras, TensorFlow and JAX were not installed, and leave out slow tests.",
    )


def pytest_configure(config: pytest.Config) -> None:
    _check_checkout()
    if config.getoption("--light"):
        # files whose tests all need these libraries skip at their importorskip
        for name in TRAINING_LIBRARIES:
            sys.modules[name] = None  # type: ignore[assignment]
        config.option.markexpr = config.option.markexpr or "not train and not slow"


def _check_checkout() -> None:
    """Refuse to test another checkout's stages: PYTHONPATH alone only finds the room `fer_edge`."""
    expected = ROOT / "runtime" / "__init__.py"
    found = Path(runtime.__file__).resolve()
    # .ci/release-check removes the folders, to test the installed package
    if expected.is_file() and found != expected:
        raise pytest.UsageError(
            f"fer_edge.runtime is {found}, expected {expected}; run: pip install --editable {ROOT}"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not REAL_SERVERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    # the longest tests first, so that no worker starts one at the end (--no-loadscope-reorder)
    items.sort(key=_is_light)


def _is_light(item: pytest.Item) -> tuple[bool, bool]:
    return item.get_closest_marker("train") is None, "training" not in item.path.parts


@pytest.fixture(scope="session", autouse=True)
def unoptimized_graphs() -> None:
    """Have TensorFlow run graphs as they are: optimizing takes a third of the time of a short run.

    Runs in other processes, and TensorFlow Lite's converter, still optimize theirs.
    """
    tensorflow = sys.modules.get("tensorflow")  # the light tests have none
    if tensorflow:
        tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.fixture
def faces() -> FaceSet:
    return make_faces()


@pytest.fixture
def fer_edge() -> Callable[..., Result]:
    """Return a function that runs the command line here: fer_edge("run", "--input", path)."""

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def media() -> Path:
    """Return the folder of real photographs and clips next to some checkouts, or skip."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "media"
    if not folder.is_dir():
        pytest.skip(f"no real photographs at {folder}")
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Train on cartoons, with the quantization-aware stage; return the run and the face set."""
    pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
    base = tmp_path_factory.getbasetemp()
    # the workers of pytest-xdist share the run: the first one trains, the others wait
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    shared.mkdir(exist_ok=True)
    data, run = shared / "cartoons.npz", shared / "cartoons"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not run.exists():
            save_faceset(make_faces(per_class=24, validation_per_class=12), data)
            recipe = shared / "quick.toml"
            recipe.write_text(QUICK_RECIPE, "utf-8")
            train(data, run, recipe, qat=True)  # unlike the command, without a conversion
    return run, data
