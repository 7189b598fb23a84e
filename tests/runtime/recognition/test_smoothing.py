import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.runtime.recognition.result import UNCERTAIN
from fer_edge.runtime.recognition.smoothing import STEADY, Steadiness, smoothed, steady_label

LABELS = ("calm", "merry", "cross")


def rows(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def run(
    signal: list[tuple[float, NDArray[np.float32]]], smooth_s: float
) -> tuple[float, NDArray[np.float32]]:
    """Smooth (time, probabilities) pairs; return the last time and its probabilities."""
    (last_s, state), *rest = signal
    for time_s, now in rest:
        state = smoothed(state, now, time_s - last_s, smooth_s)
        last_s = time_s
    return last_s, state


def test_a_sudden_change_is_two_thirds_through_after_the_time_constant() -> None:
    moved = smoothed(rows(1, 0, 0), rows(0, 1, 0), 0.2, 0.2)
    assert moved == pytest.approx([math.exp(-1), 1 - math.exp(-1), 0], abs=1e-6)
    assert moved.dtype == np.float32


@pytest.mark.parametrize("rate_hz", [5, 10, 30, 120])
def test_the_frame_rate_does_not_matter(rate_hz: int) -> None:
    step = [(0.0, rows(1, 0, 0))]
    step += [((i + 1) / rate_hz, rows(0, 0.25, 0.75)) for i in range(rate_hz)]
    _, state = run(step, 0.4)
    left = math.exp(-1 / 0.4)
    assert state == pytest.approx([left, 0.25 * (1 - left), 0.75 * (1 - left)], abs=1e-5)


def test_dropped_frames_do_not_matter() -> None:
    change = [(0.1 * i, rows(1, 0, 0) if i < 3 else rows(0, 1, 0)) for i in range(20)]
    kept = [*change[:4], change[9], change[19]]
    assert run(kept, 0.3)[1] == pytest.approx(run(change, 0.3)[1], abs=1e-5)


def test_smoothing_is_off_at_0() -> None:
    now = rows(0, 1, 0)
    assert smoothed(rows(1, 0, 0), now, 0.01, 0) is now


def test_a_clock_that_goes_back_begins_anew_and_one_that_stands_holds() -> None:
    last, now = rows(1, 0, 0), rows(0, 1, 0)
    assert smoothed(last, now, -3600.0, 0.2) is now
    assert smoothed(last, now, 0.0, 0.2) == pytest.approx(last)


def test_probabilities_stay_probabilities_for_a_month_of_frames() -> None:
    random = np.random.default_rng(0)
    state = rows(1, 0, 0)
    for row in random.dirichlet([0.3] * 3, 20_000).astype(np.float32):
        state = smoothed(state, row, 1 / 30, 0.2)
        assert state.min() >= 0
    assert state.sum() == pytest.approx(1, abs=1e-3)


def label(probabilities: NDArray[np.float32], last: str | None, **change: float) -> str:
    steadiness = Steadiness(**{"hysteresis": 0.1, "uncertain_below": 0.4, **change})
    return steady_label(probabilities, LABELS, steadiness, last)


@pytest.mark.parametrize(
    ("probabilities", "last", "expected"),
    [
        (rows(0.5, 0.3, 0.2), None, "calm"),
        (rows(0.45, 0.5, 0.05), "calm", "calm"),  # the lead is smaller than the hysteresis
        (rows(0.40, 0.55, 0.05), "calm", "merry"),
        (rows(0.45, 0.5, 0.05), None, "merry"),
        (rows(0.39, 0.38, 0.23), "calm", UNCERTAIN),
        (rows(0.39, 0.38, 0.23), None, UNCERTAIN),
        (rows(0.45, 0.35, 0.2), UNCERTAIN, UNCERTAIN),  # above 0.4, but not by the hysteresis
        (rows(0.45, 0.35, 0.2), None, "calm"),
        (rows(0.51, 0.3, 0.19), UNCERTAIN, "calm"),
        (rows(0.38, 0.45, 0.17), "calm", "merry"),  # a label below the threshold does not stay
        (rows(0.5, 0.3, 0.2), "of another model", "calm"),
    ],
)
def test_a_label_stays_until_another_leads(
    probabilities: NDArray[np.float32], last: str | None, expected: str
) -> None:
    assert label(probabilities, last) == expected


def test_each_part_can_be_turned_off() -> None:
    assert label(rows(0.34, 0.33, 0.33), UNCERTAIN, uncertain_below=0, hysteresis=0) == "calm"
    assert label(rows(0.45, 0.46, 0.09), "calm", hysteresis=0) == "merry"
    assert label(rows(0.41, 0.4, 0.19), UNCERTAIN, hysteresis=0) == "calm"


def test_a_threshold_near_1_can_be_left() -> None:
    assert label(rows(1.0, 0, 0), UNCERTAIN, uncertain_below=0.98, hysteresis=0.5) == "calm"


def test_two_expressions_that_are_alike_do_not_flicker() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.012, 300)
    shown = steady = None
    flickers = changes = 0
    for gap in noise:
        row = rows(0.47 + gap, 0.47 - gap, 0.06)
        bare = label(row, None)
        flickers += shown is not None and bare != shown
        now = label(row, steady)
        changes += steady is not None and now != steady
        shown, steady = bare, now
    assert flickers > 50
    assert changes <= 2


def test_the_defaults_are_those_of_the_command_line() -> None:
    from fer_edge.runtime.recognition.config import RecognitionConfig

    usual = RecognitionConfig()
    assert Steadiness(usual.smooth_s, usual.hysteresis, usual.uncertain_below) == STEADY
