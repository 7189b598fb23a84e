"""A run's Keras network in a benchmark, next to the files that were converted from it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.runtime.measurement.report.tables import accuracy_table, agreement_table
from tests.support.made_reports import INT8, make_model, make_report


@pytest.mark.train
@pytest.mark.parametrize("light", ["corrected", "unchanged"])
def test_a_keras_network_reads_faces_like_the_files_of_its_run(
    trained: tuple[Path, Path], fer_edge: Callable[..., Result], tmp_path: Path, light: str
) -> None:
    run, data = trained
    faces = load_faceset(data)
    dark = replace(faces, images=(faces.images // 6).astype(np.uint8))
    save_faceset(dark, tmp_path / "dark.npz")
    options = ("--light", light, "--data", tmp_path / "dark.npz", "--out", tmp_path)
    result = fer_edge("convert", run, "--float32", *options)
    assert result.exit_code == 0, result.output
    [file] = tmp_path.glob("*.tflite")
    models = (run / "model.keras", file, "--reference", run / "model.keras")
    result = fer_edge("benchmark", *models, "--data", tmp_path / "dark.npz", "--quick", "--json")
    assert result.exit_code == 0, result.output
    keras, served = json.loads(result.stdout)["models"]
    assert keras["evaluation"]["every_face"]["accuracy"] == pytest.approx(
        served["evaluation"]["every_face"]["accuracy"]
    )
    assert served["agreement"]["top1"] == 1


def test_a_report_states_what_a_keras_network_lacks() -> None:
    served = make_model("int8 ptq", change=(0.0, -0.01, 0.01))
    assert served.evaluation is not None
    evaluation = replace(served.evaluation, variant="float")
    keras = replace(INT8, numbers="float32 keras", evaluation=evaluation, agreement=None)
    note = "Keras networks lack the temperature and the logit offsets of files."
    for models, is_noted in (((keras, served), True), ((INT8, served), False)):
        report = make_report(*models, reference=0)
        for table in (accuracy_table(report), agreement_table(report)):
            assert table is not None
            assert (note in table.note) == is_noted
