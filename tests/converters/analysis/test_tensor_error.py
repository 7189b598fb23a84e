"""Errors of hand-made tensors, compared with known figures."""

import numpy as np
import pytest

from fer_edge.converters.analysis.tensor_error import decibels, measure_error, weight_error
from fer_edge.converters.quantization.activation_ranges import Histogram
from fer_edge.converters.quantization.probe import Grid

GRID = Grid(scale=0.5, zero_point=-28, lowest=-128, highest=127)
"""Values from -50 to 77.5 in steps of 0.5."""


def stored(real):
    return GRID.quantize(real).astype(np.int8)


def test_a_grid_rounds_and_clips():
    real = np.array([0.0, 0.2, 0.3, -50.0, -60.0, 77.5, 90.0])
    expected = [0, 0, 0.5, -50, -50, 77.5, 77.5]
    np.testing.assert_allclose(GRID.dequantize(stored(real)), expected)


def test_values_on_the_grid_have_no_error():
    real = np.array([[1.0, 2.5], [3.0, -4.5]], np.float32)
    error = measure_error(real, stored(real), GRID)
    assert error.snr_db == error.channel_snr_db == error.rounding_snr_db == np.inf
    assert error.cosine == pytest.approx(1.0)
    assert (error.saturated, error.largest) == (0, 0.0)


def test_a_known_error_has_the_known_ratio():
    real = np.full((10, 1), 5.0, np.float32)
    error = measure_error(real, stored(real + 0.5), GRID)
    assert error.snr_db == pytest.approx(20.0)  # amplitudes 10 to 1
    assert error.largest == 0.5
    assert error.rounding_snr_db == np.inf  # rounding adds no error
    assert error.cosine == pytest.approx(1.0)


def test_opposite_tensors_have_the_cosine_minus_one():
    real = np.array([[1.0, -2.0]], np.float32)
    assert measure_error(real, stored(-real), GRID).cosine == pytest.approx(-1.0)


def test_only_values_beyond_the_range_count_as_saturated():
    real = np.array([[77.5, 77.7, 78.0, 500.0, -50.0, -51.0, 0.0, 1.0]], np.float32)
    error = measure_error(real, stored(real), GRID)
    assert error.saturated == 3  # 78, 500, -51; 77.7 rounds to the last step
    assert error.saturated_share == 3 / 8
    # an earlier error moved the value to the end of the range: the float value is not saturated
    inside = measure_error(np.zeros((1, 1), np.float32), stored(np.array([[99.0]])), GRID)
    assert (inside.saturated, inside.largest) == (0, 77.5)


def test_a_loud_channel_does_not_hide_the_others():
    random = np.random.default_rng(0)
    real = random.uniform(0, 0.2, (100, 5)).astype(np.float32)
    real[:, 0] *= 300
    error = measure_error(real, stored(real), GRID)
    assert error.snr_db > 40
    assert error.channel_snr_db < 1
    assert error.loud_share < 0.2


def test_sums_of_two_pictures_are_those_of_both_at_once():
    random = np.random.default_rng(1)
    real = random.normal(0, 30, (2, 50, 3)).astype(np.float32)
    apart = measure_error(real[0], stored(real[0]), GRID) + measure_error(
        real[1], stored(real[1]), GRID
    )
    whole = measure_error(real.reshape(-1, 3), stored(real.reshape(-1, 3)), GRID)
    assert (apart.count, apart.saturated, apart.loud) == (whole.count, whole.saturated, whole.loud)
    for name in ("snr_db", "channel_snr_db", "rounding_snr_db", "cosine", "largest"):
        assert getattr(apart, name) == pytest.approx(getattr(whole, name))
    assert (apart.lowest_real, apart.highest_real) == (whole.lowest_real, whole.highest_real)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        measure_error(np.zeros((1, 2), np.float32), np.zeros((1, 3), np.int8), GRID)


def test_weights_under_one_scale_lose_the_small_channel():
    real = np.array([[100.0, -50.0, 25.0], [0.1, -0.2, 0.3]])
    one = np.round(real / (100 / 127)) * (100 / 127)
    error = weight_error(real, one, (100 / 127,), axis=0)
    assert error.worst_snr_db == pytest.approx(0.0)  # the small channel is rounded to 0
    assert error.range_ratio == pytest.approx(100 / 0.3)
    assert error.is_rounding
    scales = np.abs(real).max(axis=1) / 127
    each = np.round(real / scales[:, None]) * scales[:, None]
    assert weight_error(real, each, tuple(scales), axis=0).worst_snr_db > 40
    turned = weight_error(real.T, each.T, tuple(scales), axis=1)
    assert turned == weight_error(real, each, tuple(scales), axis=0)


def test_weights_that_were_trained_on_are_told_from_rounded_ones():
    real = np.random.default_rng(2).normal(size=(4, 30))
    assert not weight_error(real, real * 1.1, (0.01,) * 4, axis=0).is_rounding
    assert weight_error(real, real, (), axis=0).is_rounding


def test_decibels():
    assert decibels(100, 1) == pytest.approx(20)
    assert decibels(0, 1) == -np.inf
    assert decibels(1, 0) == np.inf


def test_a_histogram_finds_percentiles_beside_an_enormous_value():
    values = np.random.default_rng(3).normal(size=100_000).astype(np.float32)
    spans = Histogram()
    for part in np.split(values, 10):
        spans.add(part)
    spans.add(np.array([1e6], np.float32))
    whole, cut = spans.clipped(100), spans.clipped(99.9)
    assert (whole.low, whole.high) == (values.min(), 1e6)
    low, high = np.percentile(values, [0.1, 99.9])
    assert cut.low == pytest.approx(low, rel=0.03)
    assert cut.high == pytest.approx(high, rel=0.03)


def test_a_histogram_of_a_rectified_tensor_starts_at_zero():
    spans = Histogram()
    spans.add(np.maximum(np.random.default_rng(4).normal(size=1000), 0).astype(np.float32))
    assert spans.clipped(99).low == 0
