"""Metrics for Prometheus, read by the parser of its own client library."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from prometheus_client import openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from fer_edge import __version__
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.publish.web.page import WebPage
from fer_edge.runtime.recognition.result import Result
from fer_edge.runtime.timing.frame_seconds import FrameSeconds
from fer_edge.runtime.timing.stopwatch import STAGES, StageTimes
from tests.support.web_client import get, make_face, result, served

ROOT = Path(__file__).resolve().parents[3]
DASHBOARD = ROOT / "examples/grafana-dashboard.json"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(page: WebPage, accept: str | None = None) -> Samples:
    status, headers, body = get(page, "/metrics", {"Accept": accept} if accept else None)
    assert status == 200
    assert headers["cache-control"] == "no-store"
    families = parse_open if "openmetrics" in headers["content-type"] else parse
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(body.decode())
        for sample in family.samples
    }


def shown(time_s: float, *labels: str, latency_ms: float = 4.0) -> Result:
    faces = tuple(make_face(number, label) for number, label in enumerate(labels))
    frame = Frame(result().frame.image, 0, time_s, "camera 0")
    return Result(frame, faces, StageTimes(detect_ms=3.0, classify_ms=latency_ms - 3), dropped=2)


def value(found: Samples, name: str, **labels: str) -> float:
    return found[f"fer_edge_{name}", frozenset(labels.items())]


def test_a_file_name_that_is_not_utf_8_is_escaped() -> None:
    with served(model="/models/mod\udce9l.tflite") as page:
        for accept in (None, "application/openmetrics-text"):
            names = {dict(labels).get("model") for _, labels in samples(page, accept)}
            assert r"mod\udce9l.tflite" in names


def test_the_figures_are_what_was_read() -> None:
    with served(model="/models/tiny.tflite") as page:
        empty = samples(page)
        assert value(empty, "frames_total") == 0
        assert ("fer_edge_last_frame_timestamp_seconds", frozenset()) not in empty
        page.write(shown(0.0, "happy"))
        page.write(shown(0.5, "happy", "sad"))
        page.write(shown(0.75, latency_ms=70))
        found = samples(page)
        assert value(found, "info", version=__version__, model="tiny.tflite") == 1
        assert value(found, "frames_total") == 3
        assert value(found, "frames_dropped_total") == 2
        assert value(found, "faces") == 0
        # each frame counts until the next one
        assert value(found, "expression_seconds_total", expression="happy") == 0.75
        assert value(found, "expression_seconds_total", expression="none") == 0
        assert value(found, "stage_seconds_total", stage="detect") == pytest.approx(0.009)
        assert value(found, "frame_latency_seconds_count") == 3
        assert value(found, "frame_latency_seconds_sum") == pytest.approx(0.078)
        assert value(found, "frame_latency_seconds_bucket", le="0.005") == 2
        assert value(found, "frame_latency_seconds_bucket", le="0.1") == 3
        assert value(found, "camera_up") == 1
        assert value(found, "last_frame_timestamp_seconds") >= value(found, "start_time_seconds")
        stages = {dict(labels)["stage"] for name, labels in found if "stage_seconds_total" in name}
        assert stages == set(STAGES)
        as_prometheus_asks = f"{openmetrics.exposition.CONTENT_TYPE_LATEST},text/plain;q=0.5"
        assert samples(page, as_prometheus_asks) == found


@pytest.mark.parametrize("version", ["x", "a", "1.x", "1.0.0-beta", "2.0.x", "\u0661", "9" * 900])
@pytest.mark.parametrize("kind", ["application/openmetrics-text", "text/plain"])
def test_an_invalid_version_is_answered_in_plain_text(kind: str, version: str) -> None:
    with served() as page:
        asked = f"{kind}; version={version}".encode().decode("latin-1")
        assert value(samples(page, asked), "frames_total") == 0


def test_frames_that_are_seconds_apart_count_in_full() -> None:
    with served(seconds=FrameSeconds(2.0, is_live=True)) as page:
        page.write(shown(-3.0))
        for second in range(0, 200, 2):
            page.write(shown(float(second), "happy"))
        found = samples(page)
        assert value(found, "expression_seconds_total", expression="happy") == 198
        assert value(found, "expression_seconds_total", expression="none") == 3


@pytest.mark.parametrize(("camera", "up", "paused"), [("offline", 0, 0), ("paused", 0, 1)])
def test_a_camera_that_is_not_read_is_down(camera: str, up: int, paused: int) -> None:
    with served(camera=lambda: camera) as page:
        found = samples(page)
        assert (value(found, "camera_up"), value(found, "paused")) == (up, paused)


def test_the_page_and_the_dashboard_name_what_there_is() -> None:
    with served() as page:
        page.write(shown(0.0, "happy"))
        names = {name for name, _ in samples(page)}
    names |= {"fer_edge_processor_temperature_celsius"}  # only if the kernel reports it
    page = (ROOT / "docs/reference/http.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(fer_edge_\w+)", page, re.MULTILINE))
    ends = re.compile("_(bucket|count|sum)$")
    assert documented == {ends.sub("", name) for name in names if not name.endswith("_created")}
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        for name in re.findall(r"fer_edge_\w+", target["expr"])
    }
    assert asked <= names
    assert {ends.sub("", name) for name in asked} >= documented - {"fer_edge_start_time_seconds"}
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
