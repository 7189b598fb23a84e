"""Reports: valid by their schema, readable by every user, and complete or absent."""

import dataclasses
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.report_schema import report_schema
from fer_edge.errors import OutputError, ReportError
from fer_edge.faces.faceset import save_faceset
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model, write_model
from fer_edge.runtime.measurement.comparison.devices import devices_markdown
from fer_edge.runtime.measurement.report import folder as report_files
from fer_edge.runtime.measurement.report.folder import NAMES, write_report
from fer_edge.runtime.measurement.report.html import report_to_html
from fer_edge.runtime.measurement.report.markdown import report_to_markdown
from fer_edge.runtime.measurement.report.report import labels, read_report, report_to_json, warnings
from fer_edge.runtime.measurement.report.tables import (
    accuracy_table,
    latency_table,
    models_table,
    recall_table,
)
from fer_edge.runtime.measurement.report.text import report_to_text
from fer_edge.runtime.measurement.report.verdict import verdict
from tests.support.cartoons import make_faces
from tests.support.chromium import Chromium
from tests.support.html_page import Page
from tests.support.made_reports import (
    FLOAT,
    INT8,
    make_model,
    make_report,
    without_cold_starts,
)

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "reference" / "benchmark-report.schema.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A measured report that compares a bundled model with a copy labeled as float32."""
    from click.testing import CliRunner

    from fer_edge.cli.main import main

    folder = tmp_path_factory.mktemp("report")
    path = find_model("tiny")
    file = read_model(path)
    quantization = dataclasses.replace(file.card.quantization, scheme="float32", method="none")
    card = dataclasses.replace(file.card, name="reference", quantization=quantization)
    write_model(folder / "float.tflite", file.flatbuffer, card)
    save_faceset(make_faces(per_class=1, validation_per_class=3), folder / "faces.npz")
    command = ["benchmark", "tiny", str(folder / "float.tflite"), "--quick", "--threads"]
    command += ["1,2", "--data", str(folder / "faces.npz"), "--report", str(folder / "report")]
    with pytest.MonkeyPatch.context() as monkeypatch:
        without_cold_starts(monkeypatch)
        result = CliRunner().invoke(main, [*command, "--with-faces"])
    assert result.exit_code == 0, result.output
    return folder / "report"


@pytest.mark.slow
def test_a_real_report_has_all_its_files_and_fits_the_published_schema(folder):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    data = json.loads((folder / "report.json").read_text("utf-8"))
    published = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator(published).validate(data)
    del data["models"][0]["timings"][0]["steady"]["median_ms"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(published).validate(data)


def test_the_published_schema_is_that_of_the_code():
    told = "run: python -m benchmarks.report_schema > docs/reference/benchmark-report.schema.json"
    assert json.loads(SCHEMA.read_text("utf-8")) == report_schema(), told


def test_the_schema_says_what_each_key_means():
    for name, definition in report_schema()["$defs"].items():
        for key, value in definition["properties"].items():
            assert "description" in value, f"{name}.{key}"


def test_models_are_called_what_the_user_called_them(folder):
    paths = [model["path"] for model in json.loads((folder / "report.json").read_text())["models"]]
    assert paths == ["tiny", str(folder.parent / "float.tflite")]


def test_a_report_is_read_back_as_it_was(folder):
    report = read_report(folder)
    assert report_to_json(report) == (folder / "report.json").read_text("utf-8")
    assert read_report(folder / "report.json") == report
    assert read_report(str(folder)) == report


def test_the_page_needs_nobody_else(folder):
    page = Page((folder / "report.html").read_text("utf-8"))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "base"}
    for _, attributes in page.tags:
        for key in ("src", "href", "xlink:href", "srcset", "poster"):
            assert attributes.get(key, "#").startswith(("#", "data:image/png;base64,"))
    text = (folder / "report.html").read_text("utf-8")
    assert "http" not in re.sub(r"base64,[^\"]*", "", text)
    assert "url(" not in text
    assert "@import" not in text


def test_a_screen_reader_finds_its_way(folder):
    page = Page((folder / "report.html").read_text("utf-8"))
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("main")
    charts = page.all("svg")
    assert charts
    for chart in charts:
        assert chart["role"] == "img"
        assert len(chart["aria-label"]) > 20
    titles = [tag for tag, _ in page.tags if tag in ("title", "desc")]
    assert titles.count("desc") == len(charts)
    for cell in page.all("th"):
        assert cell["scope"] in ("row", "col")
    for image in page.all("img"):
        assert image["alt"].startswith("Face ")
    linked = {link["href"][1:] for link in page.all("a")}
    assert linked == {section["id"] for section in page.all("section")}


def test_the_first_screen_has_verdict_picture_and_table_in_that_order(folder):
    text = (folder / "report.html").read_text("utf-8")
    places = [
        text.index(part)
        for part in ('class="verdict"', "Accuracy against latency", "All models", "<nav")
    ]
    assert places == sorted(places)


def test_dark_mode_print_and_phone_are_cared_for(folder):
    text = (folder / "report.html").read_text("utf-8")
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert 'name="viewport"' in text


def test_faces_are_in_the_page_only_when_asked_for():
    report = make_report(FLOAT, INT8, reference=0)
    from fer_edge.runtime.measurement.probes.disagreements import Disagreement

    faces = make_faces(per_class=0, validation_per_class=1)
    shown = [(Disagreement(5, 1, 1, 2, 0.8, 0.7), faces.images[1])]
    assert Page(report_to_html(report)).all("img") == []
    page = Page(report_to_html(report, shown))
    [image] = page.all("img")
    assert image["alt"] == "Face 5 of the split, labeled disgust"
    assert "float32, right: disgust 80%" in "".join(page.text)
    assert "int8 ptq: fear 70%" in "".join(page.text)


def test_a_long_class_name_stays_in_its_tile(tmp_path):
    from fer_edge.runtime.measurement.probes.disagreements import Disagreement

    report = make_report(FLOAT, INT8, reference=0)
    names = ("pleasantly_surprised_woman_of_forty", *report.faces.class_names[1:])
    report = replace(report, faces=replace(report.faces, class_names=names))
    image = make_faces(per_class=0, validation_per_class=1).images[0]
    page = tmp_path / "report.html"
    page.write_text(report_to_html(report, [(Disagreement(5, 0, 0, 2, 0.8, 0.7), image)]), "utf-8")
    with Chromium() as browser:
        browser.open(page.as_uri())
        tile = "document.querySelector('.faces li')"
        assert names[0] in browser.evaluate(f"{tile}.textContent")
        assert browser.evaluate(f"{tile}.scrollWidth <= {tile}.clientWidth")


def test_a_name_from_a_card_cannot_write_on_the_page():
    evil = '"><script>alert("1")</script>'
    report = make_report(make_model("float32", name=evil), make_model("int8 ptq", name=evil))
    page = Page(report_to_html(report))
    assert not page.all("script")
    assert evil in "".join(page.text)
    assert "<script" not in report_to_markdown(report).replace("\\<script", "")


def test_a_name_from_a_device_cannot_write_on_the_page_of_several_machines():
    report = make_report(INT8)
    hostile = replace(report.device, board="<img src=x onerror=alert(1)> | x")
    text = devices_markdown({"pi@<b>door": replace(report, device=hostile)})
    assert not re.search(r"(?<!\\)<", text)
    assert "onerror=alert(1)\\> \\| x" in text


def test_markdown_has_the_verdict_first_and_whole_tables(folder):
    text = (folder / "report.md").read_text("utf-8")
    assert text.startswith("**")
    for block in text.split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("|"):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
            assert len(cells) == 1, block
    assert "Steady latency, 2 threads" in text


def test_a_difference_is_named_after_its_reference():
    eight = make_model("int8 qat")
    [header] = [
        line
        for line in report_to_text(make_report(eight, INT8, reference=0)).splitlines()
        if line.startswith("model ")
    ]
    assert "against int8 qat" in header


def test_a_class_without_faces_has_no_recall():
    scores = FLOAT.evaluation.every_face
    empty = replace(scores, confusion=((0,) * 7, *scores.confusion[1:]))
    model = replace(FLOAT, evaluation=replace(FLOAT.evaluation, every_face=empty))
    table = recall_table(make_report(model))
    [(_, first, *others)] = table.rows
    assert first == "-"
    assert "-" not in others
    assert table.note
    assert not recall_table(make_report(FLOAT)).note


def test_models_are_named_as_shortly_as_they_can_be_told_apart():
    one = [make_model("int8", name="a"), make_model("float32", name="a")]
    assert labels(tuple(one)) == ("int8", "float32")
    two = [make_model("int8", name="a"), make_model("int8", name="b")]
    assert labels(tuple(two)) == ("a", "b")
    twins = [make_model("int8", name="a"), make_model("int8", name="a")]
    assert len(labels(tuple(twins))) == 2


def test_slow_kernels_and_too_many_threads_are_warned_of():
    model = make_model("int16x8", xnnpack=False, threads=(1, 8))
    first, second = warnings(make_report(model))
    assert first == "8 threads ran on 4 usable cores"
    assert "int16x8 without XNNPACK" in second
    assert second.startswith("ai-edge-litert 2.3.0")


@pytest.mark.parametrize(
    "models",
    [
        (make_model("int8 ptq", accuracy=None),),
        (make_model("float32 keras", median_ms=None),),
        (make_model("no card", accuracy=None), make_model("float32")),
    ],
)
def test_what_was_not_measured_is_left_out(models):
    report = make_report(*models)
    text = report_to_html(report)
    Page(text)
    for section in re.findall(r"<section.*?</section>", text, re.DOTALL):
        assert "<table" in section, section
    assert "nan" not in report_to_markdown(report)
    assert verdict(report)


def test_columns_without_a_measurement_are_left_out():
    alone = make_report(make_model("int8 ptq"))
    evaluation = alone.models[0].evaluation
    no_votes = replace(evaluation, ferplus=None)
    unvoted = make_report(replace(alone.models[0], evaluation=no_votes))
    assert "ratio" not in models_table(alone).header
    assert "ratio" not in latency_table(alone, 1).header
    assert "times float32" in latency_table(make_report(FLOAT, INT8), 1).header
    assert "FER+ majority" not in accuracy_table(unvoted).header
    assert "against" not in report_to_text(alone)
    for table in (models_table(alone), latency_table(alone, 1), accuracy_table(unvoted)):
        assert {len(row) for row in table.rows} == {len(table.header)}
        assert all(set(column) != {"-"} for column in zip(*table.rows, strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json", "is not JSON"),
        ("[]", "not a benchmark report"),
        ('{"models": []}', "no format_version"),
        ('{"format_version": 99}', "report format 99, this fer-edge reads 1"),
        ('{"format_version": 1, "made": 3}', "damaged"),
    ],
)
def test_what_is_no_report_is_said(tmp_path, text, words):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ReportError, match=words):
        read_report(tmp_path)


@pytest.mark.parametrize(
    ("places", "value", "words"),
    [
        (("plan", "threads"), [], "no thread counts"),
        (("plan", "threads"), [0], "no thread counts"),
        (("reference",), 7, "reference is not one"),
        (("reference",), -1, "reference is not one"),
        (("models", 0, "timings", 0, "steady", "median_ms"), 0, "a latency is 0 ms"),
        (("models", 0, "timings", 0, "steady", "p95_ms"), 1e308, "a latency is 1e"),
    ],
)
def test_a_report_with_figures_that_nothing_can_have_is_refused(tmp_path, places, value, words):
    data = json.loads(report_to_json(make_report(FLOAT, INT8, reference=0)))
    part = data
    for place in places[:-1]:
        part = part[place]
    part[places[-1]] = value
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(ReportError, match=f"damaged: .*{words}"):
        read_report(tmp_path)


def test_a_report_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    report = make_report(FLOAT, INT8, reference=0)
    (tmp_path / "report.md").mkdir()
    with pytest.raises(OutputError):
        write_report(report, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    monkeypatch.setattr(report_files, "report_to_markdown", lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(report, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_name_that_is_not_utf8_is_written_with_escapes(tmp_path):
    model = make_model("int8", name="b\udcff")
    report = replace(make_report(model), command="fer-edge benchmark b\udcff.tflite")
    write_report(report, tmp_path)
    assert read_report(tmp_path).command == r"fer-edge benchmark b\udcff.tflite"
    for name in ("report.md", "report.html"):
        assert r"b\udcff" in (tmp_path / name).read_text("utf-8")
