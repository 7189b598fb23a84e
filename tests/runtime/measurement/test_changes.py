"""Comparison of two reports, and limits for regressions."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import ConfigError, ReportError
from fer_edge.runtime.measurement.compare_command import REGRESSION
from fer_edge.runtime.measurement.comparison.bars import crossed, describe_crossing, parse_bars
from fer_edge.runtime.measurement.comparison.changes import change_of as points
from fer_edge.runtime.measurement.comparison.changes import compare_reports, comparison_rows
from fer_edge.runtime.measurement.comparison.metrics import METRICS, metric_names
from fer_edge.runtime.measurement.report.report import read_report, report_to_json
from tests.support.clear_line import assert_one_clear_line
from tests.support.made_reports import FLOAT, INT8, make_model, make_report

REFERENCES = sorted((Path(__file__).parents[3] / "benchmarks" / "reference").glob("*.json"))
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "compare.md"
BEFORE = make_report(FLOAT, INT8, reference=0)


def changed(**changes):
    model = make_model("int8 ptq", **{"change": (0.0, -0.01, 0.01), **changes})
    return make_report(FLOAT, model, reference=0)


@pytest.fixture
def written(tmp_path):
    """Write a report into a folder of the given name; return the folder."""

    def write(report, name):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(report_to_json(report), "utf-8")
        return tmp_path / name

    return write


def change_of(comparison, metric, model="four-block (int8 ptq)"):
    [found] = [c for c in comparison.changes if (c.metric, c.model) == (metric, model)]
    return found


def test_ratios_and_points():
    after = changed(median_ms=1.5, accuracy=0.5, size_bytes=800_000)
    comparison = compare_reports(BEFORE, after)
    latency = change_of(comparison, "latency")
    assert (latency.before, latency.after, latency.threads) == (1.0, 1.5, 1)
    assert latency.change == pytest.approx(1.5)
    assert change_of(comparison, "accuracy").change == pytest.approx(-10)
    assert change_of(comparison, "size").change == pytest.approx(0.8)
    assert change_of(comparison, "latency", "four-block (float32)").change == 1.0
    assert {item.metric for item in comparison.changes} == set(METRICS)


def test_a_ratio_of_the_limit_is_not_more_than_it():
    before = make_report(make_model("int8 ptq", size_bytes=135_700))
    for size_bytes, is_crossed in ((149_270, False), (149_271, True)):
        after = make_report(make_model("int8 ptq", size_bytes=size_bytes))
        found = crossed(parse_bars(("size>1.10x",)), compare_reports(before, after))
        assert bool(found) == is_crossed


def test_large_values_are_not_powers_of_ten():
    comparison = compare_reports(BEFORE, changed(median_ms=12345.6))
    [row] = [row for row in comparison_rows(comparison, ("latency",)) if "12345.60x" in row]
    assert row[3:5] == ["1", "12,346"]


def test_models_that_only_one_has_are_named():
    after = make_report(INT8, make_model("dynamic ptq"))
    comparison = compare_reports(BEFORE, after)
    assert comparison.only_before == ("four-block (float32)",)
    assert comparison.only_after == ("four-block (dynamic ptq)",)


def test_only_thread_counts_that_both_have_are_compared():
    comparison = compare_reports(
        make_report(make_model("int8", threads=(1, 4))),
        make_report(make_model("int8", threads=(1, 2))),
    )
    assert {c.threads for c in comparison.changes if c.metric == "latency"} == {1}
    assert any("threads: [1, 4] -> [1, 2]" in text for text in comparison.differences)


def test_reports_without_a_common_model_are_refused():
    with pytest.raises(ReportError, match="no model in common"):
        compare_reports(make_report(FLOAT), make_report(INT8))


def test_a_name_that_occurs_twice_is_refused():
    with pytest.raises(ReportError, match=r"second report has .* twice"):
        compare_reports(BEFORE, make_report(INT8, INT8))


def test_accuracy_on_other_faces_is_not_compared():
    after = replace(BEFORE, faces=replace(BEFORE.faces, digest="cd" * 32))
    comparison = compare_reports(BEFORE, after)
    assert not comparison.same_faces
    of_faces = {metric.name for metric in METRICS.values() if metric.of_faces}
    assert {item.metric for item in comparison.changes} == set(METRICS) - of_faces
    for name in of_faces:
        with pytest.raises(ReportError, match="same faces"):
            crossed(parse_bars((f"{name}<-0.3",)), comparison)


def test_the_metrics_of_faces_are_those_that_a_model_without_scores_lacks():
    bare = make_model("int8 ptq", accuracy=None)
    assert {metric.name for metric in METRICS.values() if metric.read(bare, 1) is None} == {
        metric.name for metric in METRICS.values() if metric.of_faces
    }


def test_agreement_with_another_reference_is_not_compared():
    other = replace(FLOAT, numbers="float16")
    comparison = compare_reports(BEFORE, make_report(other, INT8, reference=0))
    assert comparison.same_faces
    assert not comparison.same_reference
    assert {item.metric for item in comparison.changes} == set(METRICS) - {"agreement"}
    assert "reference: four-block (float32) -> four-block (float16)" in comparison.differences
    with pytest.raises(ReportError, match="different references"):
        crossed(parse_bars(("agreement<-1",)), comparison)


def test_a_share_of_the_machine_is_compared_on_any_faces():
    def without_limit(report):
        [timing] = report.models[0].timings
        model = replace(report.models[0], timings=(replace(timing, share_of_limit=None),))
        return replace(report, models=(model,))

    before = make_report(INT8)
    after = replace(before, faces=replace(before.faces, digest="cd" * 32))
    [bar] = parse_bars(("limit<-3",))
    assert crossed((bar,), compare_reports(before, after)) == []
    with pytest.raises(ReportError, match="share no model that has it"):
        crossed((bar,), compare_reports(without_limit(before), after))


@pytest.mark.parametrize(
    ("bar", "falls"),
    [
        ("latency>1.10x", True),
        ("latency>1.2x", False),
        ("latency>=1.2x", True),
        ("accuracy<-0.3", True),
        (" accuracy < -1.5 points ", False),
        ("accuracy<=-1.4285points", True),
        ("size>1.05x", False),
        ("size>1.05x,p95>1.1x", True),
    ],
)
def test_a_bar_is_crossed_or_not(bar, falls):
    after = changed(median_ms=1.2, accuracy=0.5857)  # 41 of 70 faces are correct, before: 42
    assert bool(crossed(parse_bars((bar,)), compare_reports(BEFORE, after))) == falls


def test_a_loss_of_exactly_the_limit_does_not_cross_it():
    def with_accuracy(share):
        scores = replace(INT8.evaluation.every_face, accuracy=share)
        return make_report(replace(INT8, evaluation=replace(INT8.evaluation, every_face=scores)))

    comparison = compare_reports(with_accuracy(0.6), with_accuracy(0.597))
    assert not crossed(parse_bars(("accuracy<-0.3",)), comparison)
    assert crossed(parse_bars(("accuracy<=-0.3",)), comparison)
    for hits in range(3, 1001):
        assert points(METRICS["accuracy"], hits / 1000, (hits - 3) / 1000) == -0.3, hits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latency>1.1", "as a ratio"),
        ("accuracy<-0.3x", "in points"),
        ("speed>1.1x", "expected one of latency"),
        ("latency", "is not a limit"),
        ("latency=1x", "is not a limit"),
        ("latency>x", "is not a limit"),
        ("latency>1x,", "is not a limit"),
        ("", "is not a limit"),
    ],
)
def test_what_is_no_bar_is_said(text, words):
    with pytest.raises(ConfigError, match=words):
        parse_bars((text,))


def test_a_bar_that_nothing_can_cross_is_refused():
    bare = make_report(make_model("int8", accuracy=None))
    with pytest.raises(ReportError, match="cannot be checked"):
        crossed(parse_bars(("accuracy<0",)), compare_reports(bare, bare))


def with_memory(model, added_mib):
    timings = [
        replace(item, start=replace(item.start, added_memory_mib=added_mib))
        for item in model.timings
    ]
    return replace(model, timings=tuple(timings))


@pytest.mark.parametrize(
    ("bar", "before", "after", "falls"),
    [
        ("memory>1.1x", 0.0, 4.4, True),
        ("memory>=1.1x", 0.0, 4.4, True),
        ("memory>1.1x", 0.0, 0.0, False),
        ("memory<1.1x", 0.0, 4.4, False),
    ],
)
def test_more_than_nothing_crosses_every_ratio(bar, before, after, falls):
    comparison = compare_reports(
        make_report(with_memory(INT8, before)), make_report(with_memory(INT8, after))
    )
    found = crossed(parse_bars((bar,)), comparison)
    assert bool(found) == falls
    for item in found:
        assert "four-block (int8 ptq) with 1 thread went from 0 to 4.4" in describe_crossing(*item)


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_value_that_one_of_several_models_lacks_is_an_error(which):
    lacking = make_report(FLOAT, with_memory(INT8, None), reference=0)
    before, after = (lacking, BEFORE) if which == "first" else (BEFORE, lacking)
    with pytest.raises(ReportError) as caught:
        crossed(parse_bars(("memory>1.1x",)), compare_reports(before, after))
    assert str(caught.value).endswith(
        f"four-block (int8 ptq) with 1 thread has no value of it in the {which} report"
    )
    assert crossed(parse_bars(("latency>1.1x",)), compare_reports(before, after)) == []
    # neither report can answer for this model, and the limit holds for the others
    assert crossed(parse_bars(("memory>1.1x",)), compare_reports(lacking, lacking)) == []


def test_a_missing_value_does_not_hide_a_crossed_limit():
    before = make_report(FLOAT, with_memory(INT8, 1.0), reference=0)
    after = make_report(with_memory(INT8, 9.0))
    comparison = compare_reports(before, after)
    ((bar, change),) = crossed(parse_bars(("memory>1.1x", "size>1.1x")), comparison)
    assert (bar.metric, change.after) == ("memory", 9.0)
    with pytest.raises(ReportError, match="only in the first report"):
        crossed(parse_bars(("size>1.1x",)), comparison)


def test_a_model_that_the_second_report_lacks_is_an_error_only_with_a_limit(fer_edge, written):
    before, after = written(BEFORE, "before"), written(make_report(INT8), "after")
    assert fer_edge("compare", before, after).exit_code == 0
    done = fer_edge("compare", before, after, "--fail-if", "size>1.1x")
    assert done.exit_code == 1
    assert_one_clear_line(done, "size>1.1x", "four-block (float32) is only in the first report")
    assert fer_edge("compare", after, before, "--fail-if", "size>1.1x").exit_code == 0


def test_what_a_model_cannot_have_is_not_missed():
    keras = make_model("float32 keras", median_ms=None)  # it is not timed
    report = make_report(INT8, keras, reference=1)  # and the reference agrees with itself
    bars = parse_bars(("latency>1.1x", "memory>1.1x", "agreement<-1", "accuracy<-0.3"))
    assert crossed(bars, compare_reports(report, report)) == []


def test_a_regression_has_an_exit_code_of_its_own(fer_edge, written):
    before = written(BEFORE, "before")
    after = written(changed(median_ms=1.3, accuracy=0.6), "after")
    fine = fer_edge("compare", before, after, "--fail-if", "size>1.05x")
    assert fine.exit_code == 0, fine.output
    assert "1.30x" in fine.stdout
    bad = fer_edge(
        *("compare", before, after / "report.json"),
        *("--fail-if", "latency>1.10x", "--fail-if", "accuracy<-0.3"),
    )
    assert bad.exit_code == REGRESSION == 3
    [line] = bad.stderr.strip().splitlines()
    assert line == (
        "fer-edge: regression: latency>1.10x: four-block (int8 ptq) with 1 thread has 1.300x"
    )


def test_the_comparison_as_json(fer_edge, written):
    before, after = written(BEFORE, "before"), written(changed(median_ms=2.0), "after")
    result = fer_edge("compare", before, after, "--json", "--fail-if", "latency>1.5x")
    assert result.exit_code == REGRESSION
    data = json.loads(result.stdout)
    assert data["comparison"]["same_faces"] is True
    assert data["crossed"][0]["bar"] == "latency>1.5x"
    assert data["crossed"][0]["change"]["change"] == pytest.approx(2.0)


def test_another_device_is_said(fer_edge, written):
    pi = replace(BEFORE, device=replace(BEFORE.device, board="", cpu="AMD EPYC", cores=2))
    result = fer_edge("compare", written(BEFORE, "a"), written(pi, "b"))
    assert "device: Raspberry Pi 5 Model B, aarch64, 4 cores -> AMD EPYC" in result.stdout


def test_another_format_is_one_clear_line(fer_edge, written, tmp_path):
    (tmp_path / "new.json").write_text('{"format_version": 2}')
    result = fer_edge("compare", written(BEFORE, "a"), tmp_path / "new.json")
    assert_one_clear_line(result, "new.json", "format 2")


def test_compare_has_its_own_help(fer_edge):
    result = fer_edge("compare", "--help")
    assert result.exit_code == 0
    assert "Usage: main compare [OPTIONS] BEFORE AFTER" in result.stdout
    words = " ".join(result.stdout.split())
    assert "--fail-if" in words
    assert f"{metric_names('ratio')} as ratios (x); {metric_names('points')} in points" in words


def test_the_page_has_every_metric_under_its_unit():
    rows = [line.split("|")[1:3] for line in PAGE.read_text("utf-8").splitlines() if "|" in line]
    for unit, compared in (("ratio", "after / before"), ("points", "after - before, in points")):
        [names] = [re.findall("`(.*?)`", cell) for cell, how in rows if how.strip() == compared]
        assert sorted(names) == sorted(metric_names(unit).split(", "))


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_a_reference_report_is_of_todays_format(path):
    report = read_report(path)
    assert report.command.startswith("fer-edge benchmark ")
    assert not any(model.path.startswith("/") for model in report.models)
    assert {c.change for c in compare_reports(report, report).changes} <= {0.0, 1.0}
