"""Latency in rounds: functions take turns, all runs count, outliers are reported."""

import itertools

import pytest

from fer_edge.runtime.measurement.probes import latency
from fer_edge.runtime.measurement.probes.latency import measure_in_rounds, summarize


@pytest.fixture
def clock(monkeypatch):
    """A clock that only advances when a measured function advances it."""
    now = [0.0]
    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])
    return now


def takes(clock, milliseconds, order=None, name=""):
    """Make a function that takes these times in turn, again and again."""
    times = itertools.cycle(milliseconds)

    def run():
        clock[0] += next(times) / 1e3
        if order is not None:
            order.append(name)

    return run


def test_latencies_are_taken_in_turns(clock):
    """Drift of the machine must affect all functions alike, so the order alternates."""
    order = []
    functions = {name: takes(clock, [1.0], order, name) for name in "ab"}
    measure_in_rounds(functions, rounds=3)
    turns = order[2 * latency.WARM_UP_RUNS :: latency.RUNS_PER_ROUND]
    assert "".join(turns) == "abbaab"


def test_what_is_slow_gets_shorter_turns(clock):
    found = measure_in_rounds({"slow": takes(clock, [400.0]), "fast": takes(clock, [1.0])}, 2)
    assert found["fast"].runs == 2 * latency.RUNS_PER_ROUND
    assert found["slow"].runs == 2 * latency.FEWEST_RUNS
    assert found["slow"].warm_up_ms == pytest.approx(800)


def test_every_round_is_reported(clock):
    rounds = []
    measure_in_rounds({"a": takes(clock, [1.0])}, 4, lambda: rounds.append(1))
    assert len(rounds) == 4


def test_the_warm_up_is_not_in_the_figures(clock):
    times = [500.0, *[1.0] * 500]
    found = measure_in_rounds({"a": takes(clock, times)}, 1)["a"]
    assert found.maximum_ms == pytest.approx(1.0)
    assert found.warm_up_ms >= 500


def test_the_figures_of_known_samples():
    found = summarize([[float(k) for k in range(1, 51)], [float(k) for k in range(51, 101)]], 7.0)
    assert (found.runs, found.minimum_ms, found.maximum_ms) == (100, 1, 100)
    assert found.median_ms == pytest.approx(50.5)
    assert (found.p25_ms, found.p75_ms) == pytest.approx((25.75, 75.25))
    assert found.iqr_ms == pytest.approx(49.5)
    assert found.p90_ms < found.p95_ms < found.p99_ms < 100
    assert found.throughput_hz == pytest.approx(1e3 * 100 / 5050)
    assert found.round_medians_ms == (25.5, 75.5)
    assert found.warm_up_ms == 7.0


def test_outliers_are_counted_and_kept():
    found = summarize([[1.0, 1.1, 0.9, 1.0] * 25 + [30.0, 20.0]], 0.0)
    assert found.outliers == 2
    assert found.worst_ms == (30.0, 20.0)
    assert found.maximum_ms == 30.0
    assert found.throughput_hz < 1e3 / 1.4


def test_few_runs_have_no_99th_percentile():
    assert summarize([[1.0] * 99], 0.0).p99_ms is None
    assert summarize([[1.0] * 100], 0.0).p99_ms == 1.0
