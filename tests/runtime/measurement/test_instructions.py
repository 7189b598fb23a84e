"""Instruction counts from arm64 are added to the report of the same flatbuffer."""

import json

import pytest

from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from fer_edge.runtime.measurement.probes.instructions import (
    Instructions,
    ModelInstructions,
    instructions_to_json,
    read_instructions,
)
from fer_edge.runtime.measurement.report.html import report_to_html
from fer_edge.runtime.measurement.report.markdown import report_to_markdown
from tests.support.clear_line import assert_one_clear_line
from tests.support.made_reports import FLOAT, INT8, make_report, without_cold_starts

NOTE = "a portable figure, not a time"
QUICK = ("--quick", "--rounds", 1, "--threads", 1)


@pytest.fixture
def file(tmp_path):
    """Write a file with the instruction count of one flatbuffer; return its path."""

    def write(sha256, count=10_912_345):
        path = tmp_path / "instructions.json"
        models = (ModelInstructions("tiny", sha256, count),)
        path.write_text(instructions_to_json(Instructions("cortex-a72", "7.2.22", models)))
        return path

    return write


def test_a_model_gets_the_figure_of_its_flatbuffer(fer_edge, file, tmp_path, monkeypatch):
    without_cold_starts(monkeypatch)
    tiny, folder = read_model(find_model("tiny")), tmp_path / "report"
    bare = tmp_path / "bare.tflite"  # the same flatbuffer without its card
    bare.write_bytes(tiny.flatbuffer)
    other = tmp_path / "other.tflite"
    other.write_bytes(tiny.flatbuffer + b"\0")
    path = file(tiny.card.sha256)
    result = fer_edge(
        *("benchmark", "tiny", bare, other, *QUICK),
        *("--instructions", path, "--report", folder),
    )
    assert result.exit_code == 0, result.output
    assert f"has no arm64 instructions for {other}" in result.stderr
    assert result.stdout.count("10.9 M") == 2
    models = json.loads((folder / "report.json").read_text("utf-8"))["models"]
    assert [item["arm64_instructions"] for item in models] == [10_912_345, 10_912_345, None]
    for name in ("report.html", "report.md"):
        text = (folder / name).read_text("utf-8")
        assert text.count("10.9 M") == 2
        assert text.count(NOTE) == 1
        assert "bytes. Arm64 instructions:" in text


def test_without_figures_a_report_does_not_speak_of_them():
    report = make_report(FLOAT, INT8, reference=0)
    for text in (report_to_html(report), report_to_markdown(report)):
        assert "arm64 instructions" not in text.lower()


def test_what_was_counted_is_read_back(file):
    found = read_instructions(file("ab", 7))
    assert (found.cpu, found.qemu, found.of("ab"), found.of("cd")) == (
        *("cortex-a72", "7.2.22"),
        *(7, None),
    )
    assert found.of(None) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("no json", "is not JSON"),
        ("[]", "has no arm64 instructions"),
        ('{"cpu": "a", "qemu": "7", "models": [{"name": "x"}]}', "sha256"),
        (
            '{"cpu": "a", "qemu": "7", "models": [{"name": "x", "sha256": "0", '
            '"arm64_instructions": -1}]}',
            "is damaged: x has -1",
        ),
    ],
)
def test_a_broken_file_is_one_clear_line(fer_edge, tmp_path, text, words):
    path, folder = tmp_path / "broken.json", tmp_path / "report"
    if text is not None:
        path.write_text(text)
    result = fer_edge("benchmark", "tiny", "--instructions", path, "--report", folder)
    assert_one_clear_line(result, "broken.json", words)
    assert not folder.exists()


def test_figures_of_other_models_alone_are_one_clear_line(fer_edge, file):
    result = fer_edge("benchmark", "tiny", "--instructions", file("ab"))
    assert_one_clear_line(result, "belong to other models (tiny)")
