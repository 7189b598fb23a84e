import pytest

from fer_edge.runtime.timing.frame_seconds import FrameSeconds


def test_a_frame_stands_for_the_time_since_the_one_before() -> None:
    seconds = FrameSeconds(0.1)
    assert [seconds.next(time_s) for time_s in (0.0, 0.1, 0.4)] == pytest.approx([0.1, 0.1, 0.3])


def test_a_gap_counts_as_a_second_and_a_clock_that_goes_back_as_nothing() -> None:
    seconds = FrameSeconds(0.1)
    assert [seconds.next(time_s) for time_s in (0.0, 50.0, 20.0)] == [0.1, 1.0, 0.0]


def test_where_frames_are_seconds_apart_by_choice_they_stand_for_them() -> None:
    seconds = FrameSeconds(5.0)
    assert [seconds.next(time_s) for time_s in (0.0, 5.0, 60.0)] == [5.0, 5.0, 10.0]
