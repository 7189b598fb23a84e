"""Measurement of the detector alone, without the classifier."""

import json

import pytest

from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.runtime.measurement.probes.detector_look import DetectorLook
from fer_edge.runtime.measurement.probes.latency import summarize
from fer_edge.runtime.measurement.report.html import report_to_html
from fer_edge.runtime.measurement.report.markdown import report_to_markdown
from fer_edge.runtime.measurement.report.text import report_to_text
from tests.support.html_page import Page
from tests.support.made_reports import INT8, make_end_to_end, make_report

LOOK = DetectorLook("a.mp4", "yunet", 320, 180, summarize([[2.0]], 0.0), 50_000_000, 25e9, 0.125)


@pytest.mark.slow
def test_the_detector_is_measured_with_the_models(fer_edge, clip):
    result = fer_edge("benchmark", "tiny", "--video", clip, "--quick", "--json")
    assert result.exit_code == 0, result.output
    (look,) = json.loads(result.stdout)["looks"]
    assert (look["detector"], look["width_px"], look["height_px"]) == ("yunet", 160, 120)
    assert look["source"] == str(clip)
    assert look["macs_per_second"] == pytest.approx(
        look["macs"] / look["steady"]["median_ms"] * 1e3
    )
    assert 0 < look["share_of_limit"] < 1


@pytest.mark.slow
def test_without_a_detector_none_is_measured(fer_edge, clip):
    result = fer_edge(
        "benchmark", "tiny", "--video", clip, "--quick", "--json", "--detector", "none"
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["looks"] == []


def test_every_rendering_has_the_detector_beside_the_classifier_and_each_size_once():
    looks = (LOOK, LOOK)
    report = make_report(INT8, end_to_end=(make_end_to_end(),), looks=looks)
    for text in (
        report_to_text(report),
        report_to_markdown(report),
        " ".join(Page(report_to_html(report)).text),
    ):
        assert "one detection by yunet, 320x180" in text
        assert "50.0 M" in text
        assert "12%" in text
    assert report_to_text(report).count("one detection by yunet") == 1
    assert "The detector" not in report_to_text(make_report(INT8))


def test_the_work_of_a_look_follows_its_area():
    network = DetectorNetwork(read_detector(bundled_detectors()["yunet"]))
    whole = network.macs(192, 320)
    assert 40e6 < whole < 70e6
    assert network.macs(384, 640) == 4 * whole
    assert network.macs(180, 320) == whole  # padded to multiples of 32
