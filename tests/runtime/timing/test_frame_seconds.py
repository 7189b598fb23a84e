import pytest

from fer_edge.runtime.timing.frame_seconds import FrameSeconds

from ...support.results import File, Live


def test_a_frame_stands_until_the_next_one() -> None:
    seconds = FrameSeconds(0.1)
    assert [seconds.next(time_s) for time_s in (0.0, 0.1, 4.1)] == pytest.approx([0.0, 0.1, 4.0])
    assert seconds.last() == 0.1


def test_a_gap_of_a_live_source_counts_as_a_second_and_a_clock_that_goes_back_as_nothing() -> None:
    seconds = FrameSeconds(0.1, is_live=True)
    assert [seconds.next(time_s) for time_s in (0.0, 50.0, 20.0)] == [0.0, 1.0, 0.0]


def test_where_frames_are_seconds_apart_by_choice_they_stand_for_them() -> None:
    seconds = FrameSeconds(5.0, is_live=True)
    assert [seconds.next(time_s) for time_s in (0.0, 5.0, 60.0)] == [0.0, 5.0, 10.0]


@pytest.mark.parametrize(
    ("length_s", "last_s"),
    [(None, 3.0), (4.0, 1.0), (30.0, 3.0), (2.5, 3.0)],  # 2.5: the header is wrong
)
def test_the_last_frame_does_not_outlast_the_video(length_s: float | None, last_s: float) -> None:
    seconds = FrameSeconds(3.0, length_s=length_s)
    seconds.next(0.0)
    seconds.next(3.0)
    assert seconds.last() == last_s


def test_no_frame_has_no_duration() -> None:
    assert FrameSeconds(0.1).last() == 0.0


def test_a_source_gives_its_rate() -> None:
    seconds = FrameSeconds.of(Live(frame_rate_hz=0.5))
    assert [seconds.next(time_s) for time_s in (0.0, 3.0, 60.0)] == [0.0, 3.0, 4.0]
    assert FrameSeconds.of(File()).last() == 0.0
