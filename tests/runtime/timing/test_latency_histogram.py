import math

import numpy as np
import pytest

from fer_edge.runtime.timing.latency_histogram import LatencyHistogram


@pytest.mark.parametrize("percent", [0, 5, 50, 95, 99.9, 100])
def test_a_percentile_is_right_to_within_half_a_per_cent(percent: float) -> None:
    samples = np.random.default_rng(0).lognormal(0, 1.5, 5000)
    histogram = LatencyHistogram()
    for sample in samples:
        histogram.add(float(sample))
    wanted = np.percentile(samples, percent, method="inverted_cdf")
    assert histogram.percentile_ms(percent) == pytest.approx(wanted, rel=0.0051)
    assert histogram.count == 5000
    assert histogram.max_ms == samples.max()


def test_what_is_beyond_the_ends_counts_as_the_end() -> None:
    histogram = LatencyHistogram()
    for latency_ms in (0.0, -1.0, 1e9):
        histogram.add(latency_ms)
    assert histogram.percentile_ms(1) == pytest.approx(1e-3, rel=0.01)
    assert histogram.percentile_ms(100) == pytest.approx(1e5, rel=0.01)


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(LatencyHistogram().percentile_ms(50))


def test_no_percentile_is_beyond_the_largest() -> None:
    histogram = LatencyHistogram()
    histogram.add(13.03)
    assert histogram.percentile_ms(99) <= histogram.max_ms
