"""The benchmark's figures: there, plausible, and of the right file."""

import dataclasses
import json

import pytest

from fer_edge.bundled import bundled_models
from fer_edge.errors import ModelError
from fer_edge.faceset import save_faceset
from fer_edge.modelfile import read_model, write_model
from fer_edge.runtime.benchmark import measuring as benchmark
from fer_edge.runtime.benchmark.device import describe_device
from fer_edge.runtime.benchmark.measuring import benchmark_models
from tests.conftest import assert_one_clear_line, make_faces


@pytest.fixture(scope="module")
def model():
    return next(iter(bundled_models().values()))


@pytest.fixture(scope="module")
def bare(model, tmp_path_factory):
    """The bundled model without its card."""
    path = tmp_path_factory.mktemp("bare") / "bare.tflite"
    path.write_bytes(read_model(model).flatbuffer)
    return path


def measure(paths, faces=None, **changes):
    settings = {"reference": None, "threads": (1,), "rounds": 2, **changes}
    return benchmark_models(paths, faces, **settings)


def test_every_figure_is_there_and_plausible(model):
    faces = make_faces(per_class=0, validation_per_class=3)
    [result] = measure([model], faces, threads=(1, 2))
    card = read_model(model).card
    assert (result.parameters, result.macs) == (card.parameters, card.macs)
    assert result.size_bytes == model.stat().st_size
    assert result.scores.n == 21
    assert [latency.threads for latency in result.latencies] == [1, 2]
    for latency in result.latencies:
        assert latency.runs == 2 * benchmark.RUNS_PER_ROUND
        assert 0 < latency.median_ms <= latency.p95_ms
    assert 0 < result.added_memory_mb < result.peak_memory_mb < 500


def test_a_model_agrees_with_itself(model, tmp_path):
    twin = tmp_path / "twin.tflite"
    file = read_model(model)
    write_model(twin, file.flatbuffer, dataclasses.replace(file.card, name="twin"))
    faces = make_faces(per_class=0, validation_per_class=3)
    first, second = measure([model, twin], faces, reference=model)
    assert first.agreement is None
    assert second.agreement.top1 == 1.0
    assert (second.agreement.fixed, second.agreement.broken) == (0, 0)
    assert second.name == "twin"


def test_a_file_without_a_card_is_timed_but_not_scored(bare):
    [result] = measure([bare], make_faces(per_class=0))
    assert result.numbers == "no card"
    assert result.scores is None
    assert result.latencies[0].median_ms > 0


def test_without_faces_there_is_no_accuracy(model):
    [result] = measure([model])
    assert result.scores is None
    assert result.agreement is None


def test_latencies_are_taken_in_turns(model, bare, monkeypatch):
    """A drifting machine must drift for all models alike."""
    order = []
    honest = benchmark._inference

    def watched(candidate, faces, threads):
        infer = honest(candidate, faces, threads)
        return lambda: (order.append(candidate.path), infer())

    monkeypatch.setattr(benchmark, "_inference", watched)
    measure([model, bare], rounds=2)
    turns = order[2 * benchmark.WARM_UP_RUNS :: benchmark.RUNS_PER_ROUND]
    assert turns == [model, bare] * 2


def test_a_reference_that_is_not_measured_is_refused(model, tmp_path):
    with pytest.raises(ModelError, match="not among the models"):
        measure([model], make_faces(per_class=0), reference=tmp_path / "other.tflite")


def test_the_device_is_described():
    device = describe_device()
    assert device.cores >= 1
    assert any(version.startswith("numpy ") for version in device.versions)


def test_the_table_has_a_line_per_model(fer_edge, model, bare, tmp_path):
    save_faceset(make_faces(per_class=1, validation_per_class=2), tmp_path / "faces.npz")
    result = fer_edge(*("benchmark", model, bare, "--data", tmp_path / "faces.npz", "--rounds", 1))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "14 validation faces" in result.stdout
    assert sum(line.startswith(("bare ", read_model(model).card.name)) for line in lines) == 2


def test_json_is_for_programs(fer_edge, model):
    result = fer_edge("benchmark", model, "--rounds", 1, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["models"][0]["path"] == str(model)
    assert data["device"]["cpu"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"text", "not a TFLite model"), (b"PK\x03\x04abcd", "Keras")],
)
def test_what_is_no_model_is_one_clear_line(fer_edge, tmp_path, content, words):
    path = tmp_path / "x.tflite"
    if content is not None:
        path.write_bytes(content)
    assert_one_clear_line(fer_edge("benchmark", path), "x.tflite", words)


def test_another_models_classes_are_one_clear_line(fer_edge, model, tmp_path):
    save_faceset(make_faces(names=("a", "b")), tmp_path / "faces.npz")
    result = fer_edge("benchmark", model, "--data", tmp_path / "faces.npz")
    assert_one_clear_line(result, "classes")
