import pytest

from fer_edge.runtime.timing.frame_rate import FrameRate


def counted(*times_s: float) -> FrameRate:
    rate = FrameRate()
    for time_s in times_s:
        rate.count(time_s)
    return rate


def test_the_rate_is_that_of_the_last_seconds() -> None:
    slow_then_fast = [*range(10), *(10 + i / 20 for i in range(200))]
    assert counted(*slow_then_fast).hz(slow_then_fast[-1]) == pytest.approx(20)


def test_before_the_second_frame_there_is_no_rate() -> None:
    assert counted().hz(1.0) == 0
    assert counted(1.0).hz(1.0) == 0
    assert counted(1.0, 1.0).hz(1.0) == 0


def test_a_frame_every_ten_seconds_is_a_rate_too() -> None:
    assert counted(0, 10, 20).hz(20) == pytest.approx(0.1)


def test_silence_brings_the_rate_down_and_the_next_frames_forget_it() -> None:
    rate = counted(0, 0.1, 0.2)
    assert rate.hz(1.0) == pytest.approx(10)
    assert rate.hz(100) < 0.1
    for time_s in (3600, 3600.1, 3600.2):
        rate.count(time_s)
    assert rate.hz(3600.2) == pytest.approx(10)
