import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result

from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import Box, model_input
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.file import read_model, write_model
from fer_edge.runtime.recognition.classifier import Classifier
from fer_edge.runtime.recognition.comparer import Comparer, open_comparer
from fer_edge.runtime.timing.stopwatch import Stopwatch
from fer_edge.scoring.temperature import TemperatureScaling
from tests.support.cartoons import draw_face
from tests.support.clear_line import assert_one_clear_line

BUNDLED = read_model(find_model(DEFAULT_MODEL))
FACES = [draw_face(label, 0, 60) for label in range(7)]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The bundled model with a temperature of 2: equal labels, lower confidence."""
    path = tmp_path / "other.tflite"
    scaling = TemperatureScaling(2.0, 100, "validation", "", 0.1, 0.1)
    write_model(path, BUNDLED.flatbuffer, replace(BUNDLED.card, temperature_scaling=scaling))
    return path


def test_every_nth_crop_is_compared(other: Path) -> None:
    served, reference = TFLiteModel(BUNDLED), open_model(other)
    comparer = Comparer(reference, served, every=3)
    classifier = Classifier(served, boxes_are_crops=True, comparer=comparer)
    gaps = []
    for i, face in enumerate(FACES):
        image = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
        read = classifier.read(image, Box(0, 0, 60, 60), Stopwatch()).probabilities
        theirs = reference.probabilities(model_input(image, 48, 48))
        if i in (0, 3, 6):
            gaps.append(np.abs(read - theirs))
    found = comparer.result()
    assert (found.seen, found.compared, found.agreement) == (7, 3, 1.0)
    assert found.mean_difference == pytest.approx(np.mean(gaps), abs=1e-6)
    assert found.largest_difference == pytest.approx(np.max(gaps), abs=1e-6)
    assert 0 < found.served.median_ms <= found.served.p95_ms
    assert 0 < found.other.median_ms <= found.other.p95_ms
    text = found.describe()
    assert f"against {other}: 3 of 7 crops compared, agreement 100.00%" in text
    assert len(text.splitlines()) == 2
    classifier.close()
    assert (served._interpreter, reference._interpreter) == (None, None)


def test_another_answer_is_no_agreement(other: Path) -> None:
    served = TFLiteModel(BUNDLED)
    comparer = open_comparer(other, served, every=1)
    for face in FACES[:4]:
        right = served.probabilities(model_input(face, 48, 48))
        comparer.take(face, right, 0.5)
        comparer.take(face, np.roll(right, 1), 0.5)
    found = comparer.result()
    assert (found.compared, found.agreement) == (8, 0.5)
    assert found.served.median_ms == pytest.approx(0.5, rel=0.01)
    comparer.close()
    served.close()


def test_nothing_compared_is_said_so(other: Path) -> None:
    with TFLiteModel(BUNDLED) as served:
        comparer = open_comparer(other, served)
        assert comparer.result().describe() == f"against {other}: no face was classified"
        comparer.close()


def test_a_model_of_other_expressions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "others.tflite"
    names = tuple("abcdefg")
    write_model(path, BUNDLED.flatbuffer, replace(BUNDLED.card, labels=names))
    with (
        TFLiteModel(BUNDLED) as served,
        pytest.raises(ModelError, match=r"labels a, b, c, .* cannot be compared"),
    ):
        open_comparer(path, served)


def test_a_model_that_cannot_be_compared_does_not_take_over(tmp_path: Path, other: Path) -> None:
    path = tmp_path / "others.tflite"
    write_model(path, BUNDLED.flatbuffer, replace(BUNDLED.card, labels=tuple("abcdefg")))
    served = TFLiteModel(BUNDLED)
    classifier = Classifier(served, comparer=open_comparer(other, served))
    with open_model(path) as wrong, pytest.raises(ModelError, match="cannot be compared"):
        classifier.replace_model(wrong)
    assert classifier.model is served
    classifier.close()


def test_run_reports_the_comparison_on_standard_error(
    fer_edge: Callable[..., Result], tmp_path: Path, other: Path
) -> None:
    folder = tmp_path / "crops"
    folder.mkdir()
    for i, face in enumerate(FACES):
        cv2.imwrite(str(folder / f"{i}.png"), face)
    run = ("run", "--input", folder, "--detector", "none")
    plain = fer_edge(*run)
    result = fer_edge(*run, "--compare", other, "--compare-every", 2)
    assert result.exit_code == 0, result.output
    said, expected = (
        [json.loads(line)["faces"] for line in done.stdout.splitlines()] for done in (result, plain)
    )
    assert said == expected
    assert plain.stderr == ""
    first, second = result.stderr.splitlines()[-2:]  # the end of the summary
    assert "4 of 7 crops compared, agreement 100.00%" in first
    assert "median (p95)" in second
    assert_one_clear_line(fer_edge(*run, "--compare", tmp_path / "none.tflite"), "none.tflite")
