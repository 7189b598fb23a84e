"""Figures of `fer-edge benchmark`: present, plausible, and about the right file."""

import dataclasses
import json
import sys
from pathlib import Path

import ai_edge_litert
import jsonschema
import numpy as np
import pytest

from fer_edge.errors import ConfigError, MissingExtraError, ModelError
from fer_edge.faces.faceset import save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.card_edit import new_card
from fer_edge.model.file import read_model, write_model
from fer_edge.runtime import benchmark
from fer_edge.runtime.device.description import describe_device
from fer_edge.runtime.measurement.comparison.changes import compare_reports
from fer_edge.runtime.measurement.probes.candidate import read_candidate
from fer_edge.runtime.measurement.probes.disagreements import disagreements
from fer_edge.runtime.measurement.probes.measuring import benchmark_models
from fer_edge.runtime.measurement.probes.results import Plan
from fer_edge.runtime.measurement.report.report import read_report
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.graph_edits import dense_float_model, rebuild

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "benchmark-report.schema.json"


@pytest.fixture(scope="module")
def model():
    return find_model(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def bare(model, tmp_path_factory):
    """The bundled model without its card."""
    path = tmp_path_factory.mktemp("bare") / "bare.tflite"
    path.write_bytes(read_model(model).flatbuffer)
    return path


def measure(paths, faces=None, *, threads=(1,), **settings):
    plan = Plan(threads=threads, rounds=2, cold_starts=1)
    return benchmark_models(paths, faces, plan=plan, **settings)


def test_every_figure_is_there_and_plausible(model):
    faces, steps = make_faces(per_class=0, validation_per_class=3), []
    plan = Plan(threads=(1, 2), rounds=2, cold_starts=1)
    measured = benchmark_models([model], faces, plan=plan, on_step=lambda: steps.append(1))
    assert len(steps) == plan.steps(1)
    [result], card = measured.models, read_model(model).card
    assert (result.parameters, result.macs) == (card.parameters, card.macs)
    assert result.size_bytes == model.stat().st_size
    assert result.evaluation.every_face.n == 21
    assert result.xnnpack is True
    assert [limit.threads for limit in measured.limits] == [1, 2]
    assert [timing.threads for timing in result.timings] == [1, 2]
    for timing in result.timings:
        assert timing.steady.runs > 10
        assert 0 < timing.start.added_memory_mib < timing.start.peak_memory_mib < 500
        assert timing.start.load_ms > 0
        assert timing.start.first_inference_ms > 0
        rate = result.macs / timing.steady.median_ms * 1e3
        assert timing.macs_per_second == pytest.approx(rate)
        assert 0 < timing.share_of_limit < 2


@pytest.fixture
def without_schema(monkeypatch):
    """LiteRT without the schema of the flatbuffer, as with the package tflite-runtime."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert.schema_py_generated", None)
    monkeypatch.delattr(ai_edge_litert, "schema_py_generated", raising=False)


@pytest.mark.usefixtures("without_schema")
def test_without_litert_everything_but_the_limit_is_measured(model, bare):
    measured = measure([model, bare], make_faces(per_class=0, validation_per_class=3))
    [with_card, without_card] = measured.models
    card = read_model(model).card
    assert measured.limits == ()
    assert measured.no_limits == "not measured: needs LiteRT; run: pip install ai-edge-litert"
    assert (with_card.parameters, with_card.macs) == (card.parameters, card.macs)
    assert (without_card.parameters, without_card.macs) == (None, None)
    assert with_card.evaluation.every_face.n == 21
    for result in measured.models:
        [timing] = result.timings
        assert timing.steady.median_ms > 0
        assert timing.share_of_limit is None
        assert (timing.macs_per_second is None) == (result is without_card)


@pytest.mark.slow
@pytest.mark.usefixtures("without_schema")
def test_a_report_without_a_limit_says_why_everywhere(model, bare, fer_edge, tmp_path):
    command = ("benchmark", model, bare, "--rounds", 2, "--report", tmp_path / "report")
    result = fer_edge(*command)
    assert result.exit_code == 0, result.output
    words = "not measured: needs LiteRT"
    assert f"limit: {words}" in result.output
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert (data["limits"], data["no_limits"].startswith(words)) == ([], True)
    assert data["models"][0]["timings"][0]["share_of_limit"] is None
    jsonschema.validate(data, json.loads(SCHEMA.read_text("utf-8")))
    for name in ("report.md", "report.html"):
        assert words in (tmp_path / "report" / name).read_text("utf-8")
    report = read_report(tmp_path / "report")
    assert compare_reports(report, report).changes


def test_a_model_agrees_with_itself(model, tmp_path):
    twin = tmp_path / "twin.tflite"
    file = read_model(model)
    write_model(twin, file.flatbuffer, dataclasses.replace(file.card, name="twin"))
    faces = make_faces(per_class=0, validation_per_class=3)
    measured = measure([model, twin], faces, reference=model)
    first, second = measured.models
    assert measured.reference == 0
    assert first.agreement is None
    assert second.agreement.top1 == 1.0
    assert (second.agreement.fixed, second.agreement.broken) == (0, 0)
    assert second.name == "twin"
    assert measured.disagreements == ((), ())


def test_a_file_without_a_card_is_timed_but_not_scored(bare):
    [result] = measure([bare], make_faces(per_class=0)).models
    assert result.numbers == "no card"
    assert result.evaluation is None
    assert result.timings[0].steady.median_ms > 0


def test_without_faces_there_is_no_accuracy(model):
    [result] = measure([model]).models
    assert result.evaluation is None
    assert result.agreement is None


def test_the_surest_disagreements_come_first():
    theirs = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.8, 0.2]], np.float32)
    ours = np.array([[0.8, 0.2], [0.3, 0.7], [0.9, 0.1], [0.4, 0.6]], np.float32)
    found = disagreements(ours, theirs, np.array([0, 0, 1, 1], np.uint8))
    assert [item.row for item in found] == [2, 1, 3]
    assert (found[0].label, found[0].reference, found[0].model) == (1, 1, 0)
    assert found[0].reference_probability == pytest.approx(0.8)
    assert found[0].model_probability == pytest.approx(0.9)


def logits_model(path, *, weight=None):
    """Write a model without a softmax; its logits are below 0, or from one weight for all."""

    def fill(opened):
        opened.buffers[1].data = np.full(28, weight, np.float32).view(np.uint8)

    flatbuffer = dense_float_model(7)
    flatbuffer = flatbuffer if weight is None else rebuild(flatbuffer, fill)
    write_model(path, flatbuffer, new_card(flatbuffer, FER2013, name="x", input_range=(-1, 0)))
    return path


@pytest.mark.parametrize("weight", [None, 1e4, np.nan])
def test_a_model_without_probabilities_leaves_the_others_their_scores(
    fer_edge, model, tmp_path, weight
):
    other = logits_model(tmp_path / "other.tflite", weight=weight)
    report, data = tmp_path / "report", tmp_path / "faces.npz"
    save_faceset(make_faces(per_class=1, validation_per_class=2), data)
    result = fer_edge(
        *("benchmark", other, model, "--data", data, "--quick"),
        *("--reference", model, "--report", report, "--with-faces"),
    )
    assert result.exit_code == 0, result.output
    strange, good = read_report(report).models
    assert strange.evaluation.every_face.calibration_error is None
    assert strange.agreement.largest_gap is None
    assert good.evaluation.every_face.calibration_error > 0
    assert read_report(report).models[0] == strange
    assert "the outputs are not probabilities" in (report / "report.md").read_text("utf-8")


def test_values_that_are_not_finite_are_said(model, tmp_path, caplog):
    broken = logits_model(tmp_path / "nan.tflite", weight=np.nan)
    faces = make_faces(per_class=0, validation_per_class=3)
    measured = measure([model, broken], faces, reference=model)
    assert "nan.tflite produces values that are not finite" in caplog.text
    assert measured.models[1].evaluation.every_face.accuracy == 0
    assert measured.disagreements[1] == ()


def test_a_reference_that_is_not_measured_is_refused(model, tmp_path):
    with pytest.raises(ConfigError, match="not among the models"):
        measure([model], make_faces(per_class=0), reference=tmp_path / "other.tflite")


def test_a_model_that_is_named_twice_is_refused(model):
    with pytest.raises(ConfigError, match="given twice"):
        measure([model, model])


def test_the_device_is_described():
    device = describe_device()
    assert device.cores >= 1
    assert any(version.startswith("numpy ") for version in device.versions)


def test_a_keras_network_without_keras_is_one_line(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    path.write_bytes(b"PK\x03\x04")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"needs keras.*fer-edge\[train\]"):
        read_candidate(path)


def test_a_keras_network_outside_a_run_is_refused(tmp_path):
    pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
    path = tmp_path / "model.keras"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match="not in a run folder"):
        read_candidate(path)


@pytest.mark.train
def test_a_runs_keras_network_joins_as_the_reference(trained, fer_edge, tmp_path):
    run, data = trained
    arguments = ("--data", data, "--int8", "--max-drop", 100, "--out", tmp_path)
    assert fer_edge("convert", run, *arguments).exit_code == 0
    converted = sorted(tmp_path.glob("*-int8-ptq.tflite"))
    result = fer_edge(
        *("benchmark", run / "model.keras", *converted, "--data", data, "--quick", "--json")
    )
    assert result.exit_code == 0, result.output
    keras, int8 = json.loads(result.stdout)["models"]
    assert keras["numbers"] == "float32 keras"
    assert keras["timings"] == []
    assert keras["evaluation"]["variant"] == "float"
    assert int8["agreement"]["top1"] > 0.9
    assert len(int8["timings"]) == 1


def test_the_table_has_a_line_per_model(fer_edge, model, bare, tmp_path):
    save_faceset(make_faces(per_class=1, validation_per_class=2), tmp_path / "faces.npz")
    result = fer_edge(*("benchmark", model, bare, "--data", tmp_path / "faces.npz", "--quick"))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "14 validation faces" in result.stdout
    assert sum(line.startswith(("bare ", read_model(model).card.name)) for line in lines) >= 2


def test_json_is_for_programs(fer_edge, model):
    result = fer_edge("benchmark", model, "--quick", "--threads", "1", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["models"][0]["path"] == str(model)
    assert data["device"]["cpu"]
    assert next(iter(data)) == "format_version"


@pytest.mark.parametrize("text", ["0", "1,x", "", "65"])
def test_wrong_thread_counts_are_a_wrong_command_line(fer_edge, model, text):
    result = fer_edge("benchmark", model, "--threads", text)
    assert result.exit_code == 2
    assert "expected numbers from 1 to 64" in result.stderr


def test_no_model_is_a_wrong_command_line(fer_edge):
    result = fer_edge("benchmark")
    assert result.exit_code == 2
    assert "MODEL" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"text", "not a TFLite model"), (b"PK\x03\x04abcd", "Keras")],
)
def test_what_is_no_model_is_one_clear_line(fer_edge, model, tmp_path, content, words):
    path = tmp_path / "x.tflite"
    if content is not None:
        path.write_bytes(content)
    result = fer_edge("benchmark", model, path, "--report", tmp_path / "report")
    assert_one_clear_line(result, "x.tflite", words)
    assert not (tmp_path / "report").exists()


def test_a_graph_that_cannot_be_run_is_one_clear_line(fer_edge, model, bare, tmp_path):
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(bare.read_bytes()[:2000])
    result = fer_edge("benchmark", model, cut, "--report", tmp_path / "report")
    assert_one_clear_line(result, "cut.tflite")
    assert not (tmp_path / "report").exists()


def test_another_models_classes_are_one_clear_line(fer_edge, model, tmp_path):
    save_faceset(make_faces(names=("a", "b")), tmp_path / "faces.npz")
    result = fer_edge(
        *("benchmark", model, "--data", tmp_path / "faces.npz", "--report", tmp_path / "report")
    )
    assert_one_clear_line(result, "classes")
    assert not (tmp_path / "report").exists()


def test_a_place_that_cannot_be_written_is_said_before_the_measurement(fer_edge, model, tmp_path):
    (tmp_path / "file").write_text("")
    result = fer_edge("benchmark", model, "--report", tmp_path / "file" / "report")
    assert_one_clear_line(result, "cannot write a report")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("threads", value) for value in ((), 2, (0,), ("1",), (65,))),
        *((name, value) for name in ("rounds", "cold_starts", "passes") for value in (0, -1, None)),
    ],
)
def test_a_plan_that_cannot_be_measured_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"'{name}' is .*, expected a"):
        benchmark("tiny", plan=Plan(**{name: value}))


def test_a_benchmark_needs_a_model():
    with pytest.raises(ConfigError, match="'models' is empty, expected at least one model"):
        benchmark([])


def test_pictures_of_people_need_somewhere_to_go(fer_edge, model):
    result = fer_edge("benchmark", model, "--with-faces")
    assert result.exit_code == 2
    assert "--report and --data" in result.stderr
