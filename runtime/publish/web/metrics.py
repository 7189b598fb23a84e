"""Prometheus metrics of the run: docs/reference/http.md. Needs prometheus-client."""

import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from fer_edge import __version__

from ...device.thermals import cpu_temperature_celsius
from ...timing.stopwatch import STAGES
from ..standing import Standing
from .totals import BUCKETS_MS, RunTotals, Totals


class RunMetrics:
    """A separate registry, without metrics of the process or of other libraries."""

    def __init__(self, totals: RunTotals, standing: Callable[[], Standing], model: str) -> None:
        """Create the registry.

        Args:
            totals: Counters.
            standing: Function that returns the state of the source.
            model: Name or path of the model.
        """
        self._registry = CollectorRegistry()
        # the name of a file may be any bytes
        name = Path(model).name.encode("utf-8", "backslashreplace").decode()
        self._registry.register(_Figures(totals, standing, name))

    def answer(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, in the format that Accept requests.

        An invalid version of a format is answered in the plain text format.
        """
        try:
            encode, kind = choose_encoder(accept)
            return encode(self._registry), kind
        except (TypeError, ValueError):  # prometheus-client compares any version with numbers
            encode, kind = choose_encoder("")
            return encode(self._registry), kind


class _Figures(Collector):
    def __init__(self, totals: RunTotals, standing: Callable[[], Standing], model: str) -> None:
        self._totals = totals
        self._standing = standing
        self._model = model
        self._started_s = time.time()

    def collect(self) -> Iterator[Metric]:
        """Yield the current metrics."""
        about = InfoMetricFamily("fer_edge", "Version and model of the run.")
        about.add_metric([], {"version": __version__, "model": self._model})
        yield about
        yield _gauge(
            "start_time_seconds", "Start of the run, in seconds since 1970.", self._started_s
        )
        standing = self._standing()
        yield _gauge(
            "camera_up", "1 while the source delivers frames, else 0.", standing == "online"
        )
        yield _gauge("paused", "1 while paused, else 0.", standing == "paused")
        celsius = cpu_temperature_celsius()
        if celsius is not None:
            yield _gauge(
                "processor_temperature_celsius", "Temperature of the hottest zone.", celsius
            )
        yield from _counted(self._totals.read())


def _counted(totals: Totals) -> Iterator[Metric]:
    yield _counter("frames", "Frames processed.", totals.frames)
    yield _counter(
        "frames_dropped", "Frames dropped because they arrived too fast.", totals.dropped
    )
    yield _gauge("faces", "Faces in the newest frame.", totals.faces)
    if totals.last_frame_s:
        text = "Time of the newest frame, in seconds since 1970."
        yield _gauge("last_frame_timestamp_seconds", text, totals.last_frame_s)
    shown = CounterMetricFamily(
        "fer_edge_expression_seconds",
        "Seconds during which the largest face had each label; none without a face.",
        labels=["expression"],
    )
    for label, seconds in totals.expression_s.items():
        shown.add_metric([label], seconds)
    yield shown
    stages = CounterMetricFamily(
        "fer_edge_stage_seconds", "Time spent in each stage.", labels=["stage"]
    )
    for stage, spent_ms in zip(STAGES, totals.stage_ms, strict=True):
        stages.add_metric([stage], spent_ms / 1e3)
    yield stages
    latency = HistogramMetricFamily(
        "fer_edge_frame_latency_seconds", "Time of all stages of a frame."
    )
    ends = [*(str(most_ms / 1e3) for most_ms in BUCKETS_MS), "+Inf"]
    counts = accumulate(totals.latency_counts)
    latency.add_metric([], list(zip(ends, counts, strict=True)), sum(totals.stage_ms) / 1e3)
    yield latency


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"fer_edge_{name}", text, value=float(value))


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"fer_edge_{name}", text, value=value)
