"""`fer-edge card calibrate`."""

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.evaluation.card_check import faults_of_path
from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.file import read_model, write_model
from fer_edge.scoring.temperature import at_temperature
from tests.support.cards import SCORE
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.graph_edits import dense_float_model

MODEL = read_model(find_model(DEFAULT_MODEL))


@pytest.fixture
def copy(tmp_path):
    path = tmp_path / "copy.tflite"
    path.write_bytes(MODEL.path.read_bytes())
    return path


@pytest.mark.parametrize("span", ["-1,0", "0,1"])  # with logits below 0, and above 1
def test_a_temperature_is_not_fitted_to_logits(fer_edge, tmp_path, span):
    path, data = tmp_path / "logits.tflite", tmp_path / "faces.npz"
    path.write_bytes(dense_float_model(7))
    save_faceset(make_faces(per_class=1, validation_per_class=8), data)
    attach = (
        "card",
        "attach",
        path,
        "--labels",
        ",".join(FER2013),
        f"--input-range={span}",
        "--overwrite",
    )
    assert fer_edge(*attach).exit_code == 0
    before = path.read_bytes()
    result = fer_edge("card", "calibrate", path, "--data", data, "--overwrite")
    assert_one_clear_line(result, "outputs go from", "expected probabilities", "fer-edge convert")
    assert path.read_bytes() == before


def test_a_calibration_does_not_overwrite_its_faces(fer_edge, tmp_path):
    data = tmp_path / "faces.npz"
    save_faceset(make_faces(), data)
    before = data.read_bytes()
    result = fer_edge(*("card", "calibrate", "tiny", "--data", data, "--out", data, "--overwrite"))
    assert_one_clear_line(result, "--out", "is the file of --data")
    assert data.read_bytes() == before


def hesitant_faces(tmp_path):
    """Write cartoons with labels drawn from the model's probabilities at temperature 2."""
    faces = make_faces(per_class=1, validation_per_class=160)
    with open_model(MODEL.path) as model:
        shares = at_temperature(served_probabilities(model, faces), 2.0, model.floor)
    random = np.random.default_rng(0)
    drawn = (random.random((len(faces), 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=6)
    path = tmp_path / "hesitant.npz"
    save_faceset(replace(faces, labels=drawn.astype(np.uint8)), path)
    return path


@pytest.mark.slow
def test_calibrate_fits_a_temperature_that_verify_finds_again(fer_edge, copy, tmp_path):
    data, out = hesitant_faces(tmp_path), tmp_path / "calibrated.tflite"
    result = fer_edge("card", "calibrate", copy, "--data", data, "--out", out)
    assert result.exit_code == 0, result.output
    made = read_model(out)
    scaling = made.card.temperature_scaling
    assert scaling is not None
    assert scaling.describe() in result.stdout
    assert scaling.describe() in fer_edge("card", "show", out).stdout
    assert (scaling.faces, scaling.split) == (1120, "validation")
    own = MODEL.card.temperature_scaling
    assert own is not None
    assert scaling.value == pytest.approx(2.0 * own.value, rel=0.1)  # served at its own one
    assert scaling.error_after < scaling.error_before
    assert replace(made.card, temperature_scaling=MODEL.card.temperature_scaling) == MODEL.card
    assert made.flatbuffer == MODEL.flatbuffer

    faces = load_faceset(data).part("validation")
    with open_model(out) as model, open_model(MODEL.path) as original:
        read, before = served_probabilities(model, faces), served_probabilities(original, faces)
    assert np.array_equal(read.argmax(axis=1), before.argmax(axis=1))
    assert not np.array_equal(read, before)
    right = read.argmax(axis=1) == faces.labels
    assert read.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)

    score = replace(SCORE, n=1120, accuracy=float(right.mean()))
    honest = replace(made.card, scores=(score,))
    write_model(out, MODEL.flatbuffer, honest)
    assert faults_of_path(out, load_faceset(data)) == ()
    wished = replace(scaling, value=scaling.value + 0.1)
    write_model(out, MODEL.flatbuffer, replace(honest, temperature_scaling=wished))
    (fault,) = faults_of_path(out, load_faceset(data))
    assert f"the card states {wished.value:.3f}" in fault


def test_calibrate_wants_enough_faces_of_the_models_classes(fer_edge, copy, tmp_path):
    few, others = tmp_path / "few.npz", tmp_path / "others.npz"
    save_faceset(make_faces(per_class=1, validation_per_class=4), few)
    save_faceset(make_faces(names=("awake", "asleep")), others)
    before = copy.read_bytes()
    calibrate = ("card", "calibrate", copy, "--overwrite", "--data")
    assert_one_clear_line(fer_edge(*calibrate, few), "28 faces are too few", "at least 50")
    assert_one_clear_line(fer_edge(*calibrate, others), "awake")
    assert_one_clear_line(fer_edge(*calibrate[:3], "--data", few), "--overwrite")
    assert copy.read_bytes() == before
