"""Shared fixtures: synthetic faces, a small face set, the command line."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from fer_edge.cli.main import main
from fer_edge.faces.faceset import FaceSet, save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.training import train

# A suite that is started in the background (nohup, a CI runner) may ignore these, and what it
# starts inherits that; the tests that send them want them heard.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

TRAINING_LIBRARIES = ("keras", "tensorflow", "tf_keras", "tensorflow_model_optimization", "jax")
REAL_SERVERS = {"broker", "browser", "rtsp", "serve", "subscribe"}
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


def draw_face(label: int, seed: int, size_px: int = 48) -> NDArray[np.uint8]:
    """Draw a grey cartoon face; the mouth's curve and the eyes' size tell the class."""
    random = np.random.default_rng((label, seed))
    image = np.full((size_px, size_px), random.integers(40, 90), np.uint8)
    centre = (
        size_px // 2 + int(random.integers(-2, 3)),
        size_px // 2 + int(random.integers(-2, 3)),
    )
    cv2.ellipse(image, centre, (size_px // 3, size_px * 4 // 9), 0, 0, 360, 190, -1)
    eye = 1 + label % 4
    for side in (-1, 1):
        cv2.circle(image, (centre[0] + side * size_px // 7, centre[1] - size_px // 8), eye, 30, -1)
    bend = (label - 3) * size_px // 24
    for x in range(-size_px // 6, size_px // 6):
        y = centre[1] + size_px // 5 + round(bend * (1 - (x / (size_px / 6)) ** 2))
        cv2.circle(image, (centre[0] + x, y), 1, 30, -1)
    noise = random.integers(-8, 9, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def make_faces(
    per_class: int = 8, validation_per_class: int = 4, names: tuple[str, ...] = FER2013
) -> FaceSet:
    """Make a face set of cartoons; no two faces are alike."""
    images, labels, split = [], [], []
    for label in range(len(names)):
        for seed in range(per_class + validation_per_class):
            images.append(draw_face(label, seed))
            labels.append(label)
            split.append(int(seed >= per_class))
    return FaceSet(np.stack(images), np.array(labels, np.uint8), np.array(split, np.uint8), names)


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
    """The folder of real photographs and clips that stands beside some checkouts."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "media"
    if not folder.is_dir():
        pytest.skip(f"no real photographs at {folder}")
    return folder


def assert_one_clear_line(result: Result, *words: str) -> None:
    """Check that a command failed with a single line on stderr that holds the words."""
    assert result.exit_code != 0, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("fer-edge: error: "), lines[0]
    for word in words:
        assert word in lines[0], lines[0]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Train a run with its quantization-aware stage on cartoons; returns (run, face set)."""
    pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
    folder = tmp_path_factory.mktemp("trained")
    data, run = folder / "cartoons.npz", folder / "cartoons"
    save_faceset(make_faces(per_class=24, validation_per_class=12), data)
    recipe = folder / "quick.toml"
    recipe.write_text(QUICK_RECIPE, "utf-8")
    train(data, run, recipe, qat=True)  # without the conversion that the command ends with
    return run, data


QUICK_RECIPE = """
architecture = "four-block"
epochs = 10
batch_size = 8
[augmentation]
shift = 0.05
[qat]
epochs = 1
"""
"""Enough to tell cartoons apart."""
