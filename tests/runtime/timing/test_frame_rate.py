import pytest

from fer_edge.runtime.timing.frame_rate import FrameRate


def counted(*times_s: float) -> FrameRate:
    rate = FrameRate()
    for time_s in times_s:
        rate.count(time_s)
    return rate


def steadily(hz: float, begin_s: float, end_s: float) -> list[float]:
    return [begin_s + number / hz for number in range(int((end_s - begin_s) * hz))]


def test_the_rate_is_that_of_the_last_seconds() -> None:
    slow_then_fast = [*range(10), *steadily(20, 10, 20)]
    assert counted(*slow_then_fast).hz(20) == pytest.approx(20)


def test_before_the_second_frame_there_is_no_rate() -> None:
    assert counted().hz(1.0) == 0
    assert counted(1.0).hz(1.0) == 0
    assert counted(1.0, 1.0).hz(1.0) == 0


@pytest.mark.parametrize("hz", [0.1, 0.8, 10, 25, 500])
def test_a_rate_that_is_kept_is_none_until_it_is_known_and_right_from_then_on(hz: float) -> None:
    rate = FrameRate()
    known = []
    for time_s in steadily(hz, 0, max(30, 5 / hz)):
        rate.count(time_s)
        if (steady := rate.steady_hz(time_s)) is not None:
            known.append((time_s, steady))
        else:
            assert not known, "a known rate must not become unknown"
    assert known[0][0] >= 5
    assert [steady for _, steady in known] == pytest.approx(len(known) * [hz])


def test_a_frame_every_ten_seconds_is_a_rate_too() -> None:
    assert counted(0, 10, 20, 30).hz(30) == pytest.approx(0.1)


def test_what_waits_during_a_stop_is_no_rate() -> None:
    # a minute of SIGSTOP before a pipe: 1500 frames come at once, then the old rate continues
    rate = counted(*steadily(25, 0, 20))
    assert rate.steady_hz(20) == pytest.approx(25)
    backlog = steadily(544, 80, 82)
    for time_s in (*backlog, *steadily(25, 82, 110)):
        rate.count(time_s)
        assert rate.steady_hz(time_s) in (None, pytest.approx(25)), time_s
    assert rate.steady_hz(110) == pytest.approx(25)


@pytest.mark.parametrize(("hz", "known_s", "unknown_s"), [(25, 1.9, 2.1), (0.1, 39, 41)])
def test_while_a_source_is_stopped_it_has_no_rate_that_is_kept(
    hz: float, known_s: float, unknown_s: float
) -> None:
    rate = counted(*steadily(hz, 0, 20 + 3 / hz), last_s := 20 + 3 / hz)
    assert rate.steady_hz(last_s + known_s) is not None
    assert rate.steady_hz(last_s + unknown_s) is None


def test_a_hiccup_is_no_stop() -> None:
    rate = counted(*steadily(25, 0, 20), *steadily(25, 21.5, 22))
    assert rate.steady_hz(22) == pytest.approx(62 / 3.98, rel=0.5)


def test_silence_brings_the_rate_down_and_the_next_frames_forget_it() -> None:
    rate = counted(0, 0.1, 0.2)
    assert rate.hz(1.0) == pytest.approx(10)
    assert rate.hz(3.0) == pytest.approx(2 / 3)
    assert 0 < rate.hz(5.1) < 0.25
    assert rate.hz(5.3) == 0
    for time_s in (3600, 3600.1, 3600.2):
        rate.count(time_s)
    assert rate.hz(3600.2) == pytest.approx(10)


def test_frames_older_than_five_seconds_do_not_count_while_none_arrive() -> None:
    rate = counted(*steadily(20, 0, 5))
    assert rate.hz(8.0) == pytest.approx(40 / 5, rel=0.05)


def test_a_slow_source_is_not_taken_for_a_stopped_one() -> None:
    rate = counted(0, 10, 20)
    assert rate.hz(36) > 0
    assert rate.hz(61) == 0
