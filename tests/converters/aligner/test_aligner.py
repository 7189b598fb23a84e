"""Training and conversion of an aligner: both commands, with a few faces and one epoch."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (fer-edge[train])")

from fer_edge.aligner.aligner import open_aligner
from fer_edge.aligner.file import read_aligner
from fer_edge.converters.aligner.__main__ import main as convert
from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.faces.preprocess import Box
from fer_edge.training.aligner.__main__ import main as train
from fer_edge.training.aligner.views import Offset, make_view
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train for an epoch; return the folder."""
    folder = tmp_path_factory.mktemp("aligner")
    data = folder / "faces.npz"
    save_faceset(make_faces(per_class=24, validation_per_class=12), data)
    done = CliRunner().invoke(train, ["--data", str(data), "--out", str(folder), "--epochs", "1"])
    assert done.exit_code == 0, done.output
    assert "epoch 1: median errors: roll" in done.output
    return folder


def test_the_file_has_the_errors_of_its_network(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.tflite"
    done = CliRunner().invoke(convert, [str(run), "--out", str(path)])
    assert done.exit_code == 0, done.output
    file = read_aligner(path)
    assert file.card.data == load_faceset(run / "faces.npz").digest
    assert file.card.errors.roll_degrees == pytest.approx(
        file.card.float_errors.roll_degrees, rel=0.1
    )
    placement = open_aligner(path).align(np.full((90, 90), 99, np.uint8), Box(10, 10, 60, 80))
    assert 0.5 < placement.scale < 2


def test_a_folder_without_a_training_is_one_clear_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(convert, [str(tmp_path), "--out", str(tmp_path / "a.tflite")])
    assert done.exit_code == 1
    assert "is not a trained aligner" in done.output
    assert not (tmp_path / "a.tflite").exists()


def test_a_trained_aligner_is_not_replaced(run: Path) -> None:
    done = CliRunner().invoke(train, ["--data", str(run / "faces.npz"), "--out", str(run)])
    assert done.exit_code == 1
    assert "already exists" in done.output


@pytest.mark.parametrize("seed", range(6))
def test_a_view_shows_the_face_where_its_offset_says(seed: int) -> None:
    face = np.full((48, 48), 60, np.uint8)
    face[22:26, 22:26] = 250  # a light in the middle
    offset = Offset(roll_degrees=90, log_scale=0.0, x=0.25, y=-0.125)
    view = make_view(face, offset, np.full_like(face, 60), np.random.default_rng(seed))
    assert view.dtype == np.uint8
    y, x = np.unravel_index(view[4:-4, 4:-4].argmax(), (40, 40))
    assert (x + 4, y + 4) == (pytest.approx(23.5 + 12, abs=3), pytest.approx(23.5 - 6, abs=3))
