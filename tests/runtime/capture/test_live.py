import logging
import queue
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.runtime.capture.live import Live
from tests.support.tap import PATIENCE_S, Tap, wait_until


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.capture.live.FIRST_RETRY_S", 0.01)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
    assert set(threading.enumerate()) <= before


def test_a_slow_reader_gets_the_newest_frame_and_the_others_are_counted() -> None:
    tap = Tap(12.5)
    source = Live(tap)
    tap.started()
    frames = iter(source)
    tap.give(1)
    assert next(frames).image[0, 0, 0] == 1
    tap.give(2, 3, 4, 5)
    frame = next(frames)
    assert (frame.image[0, 0, 0], frame.index, source.dropped) == (5, 4, 3)
    assert (frame.name, source.frame_rate_hz) == ("the tap", 12.5)
    tap.give(6)
    assert (next(frames).index, source.dropped) == (5, 3)
    source.close()


def test_frames_before_anybody_reads_are_no_late_frames() -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    tap.give(1, 2, 3)  # frames that arrive while a model is being loaded
    frames = iter(source)
    frame = next(frames)
    assert (frame.image[0, 0, 0], frame.index, frame.time_s, source.dropped) == (3, 0, 0.0, 0)
    tap.give(4, 5)
    assert source.dropped == 0, "frames that arrive later do not count for this frame"
    frame = next(frames)
    assert (frame.index, source.dropped) == (2, 1)
    assert frame.time_s > 0
    assert frame.unix_s is not None
    assert abs(frame.unix_s - time.time()) < 3600
    source.close()


def test_times_are_those_of_the_wall_clock_from_the_first_frame() -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    frames = iter(source)
    tap.give(1)
    assert next(frames).time_s == 0
    earlier = time.monotonic()
    time.sleep(0.05)
    tap.give(2)
    assert 0.05 <= next(frames).time_s <= time.monotonic() - earlier + 0.5
    source.close()


def test_times_are_the_streams_own_as_long_as_they_are_near_the_wall_clock() -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    frames = iter(source)
    times_s = []
    # a burst of packets; then the camera's clock jumps by an hour, and back
    for stamp_s in (900.0, 900.04, 900.08, 4500.0, 4500.04, 12.0):
        tap.clock_s = stamp_s
        tap.give(1)
        times_s.append(next(frames).time_s)
    source.close()
    assert times_s[:3] == pytest.approx([0, 0.04, 0.08])
    assert times_s == sorted(set(times_s))
    assert times_s[-1] < 5


def test_a_frame_without_a_time_stamp_is_not_before_the_last_one() -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    frames = iter(source)
    times_s = []
    for stamp_s in (10.0, 10.8, None, 10.9):  # time stamps that run ahead of the wall clock
        tap.clock_s = stamp_s
        tap.give(1)
        times_s.append(next(frames).time_s)
    source.close()
    assert times_s == sorted(set(times_s))


def test_a_reader_that_waits_is_woken_by_the_frame() -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    woken: queue.Queue[int] = queue.Queue()
    reader = threading.Thread(target=lambda: woken.put(next(iter(source)).index))
    reader.start()
    with pytest.raises(queue.Empty):
        woken.get(timeout=0.1)
    tap.give(1)
    assert woken.get(timeout=PATIENCE_S) == 0
    reader.join()
    source.close()


def test_what_cannot_be_opened_at_first_is_an_error_at_once() -> None:
    tap = Tap(SourceError("no such camera"))
    with pytest.raises(SourceError, match="no such camera"):
        Live(tap)
    assert (len(tap.opened_at), tap.closed) == (1, 1)


@pytest.mark.usefixtures("quick_retries")
def test_what_cannot_be_opened_at_first_is_waited_for_if_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "fer_edge")
    tap = Tap(SourceError("no such camera"), SourceError("still none"), 25.0)
    source = Live(tap, on_loss="wait")
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))
    assert next(iter(source)).index == 0
    assert len(tap.opened_at) == 3
    assert caplog.messages == [
        "no such camera; trying again until it is back",
        "the tap is back after 0 s",
    ]
    source.close()


@pytest.mark.usefixtures("quick_retries")
def test_a_lost_camera_is_opened_again_and_told_once_per_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "fer_edge")
    gone = SourceError("the tap broke off")
    tap = Tap(25.0, gone, gone, gone, 25.0)
    source = Live(tap)
    frames = iter(source)
    tap.started()
    tap.give(1)
    before = next(frames)
    tap.give(gone)
    tap.give(2)
    after = next(frames)
    assert (before.index, after.index) == (0, 1)
    assert after.time_s >= sum((0.01, 0.02, 0.04, 0.08))
    assert caplog.messages == [
        "the tap broke off; trying again until it is back",
        "the tap is back after 0 s",
    ]
    waits = np.diff(tap.opened_at[1:])
    assert (waits >= [0.02, 0.04, 0.08]).all(), "each wait is twice as long as the one before"
    assert tap.closed == 4
    source.close()


@pytest.mark.usefixtures("quick_retries")
def test_a_loss_that_lasts_is_told_ever_more_rarely(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.capture.live.LAST_RETRY_S", 0.01)
    monkeypatch.setattr("fer_edge.runtime.capture.live.REMIND_S", 0.05)
    caplog.set_level(logging.WARNING, "fer_edge")
    tap = Tap(SourceError("no such camera"))
    source = Live(tap, on_loss="wait")
    reader = threading.Thread(target=lambda: list(source))
    reader.start()
    wait_until(lambda: len(caplog.messages) == 3)
    source.close()
    reader.join(PATIENCE_S)
    first, *reminders = caplog.messages
    assert first == "no such camera; trying again until it is back"
    assert reminders == 2 * ["still lost after 0 min: no such camera"]
    lost_s = [record.created for record in caplog.records]
    # due 0.05 s and 0.3 s after the loss
    assert lost_s[1] - lost_s[0] >= 0.04
    assert lost_s[2] - lost_s[0] >= 0.29


def test_a_loss_is_an_error_if_asked_after_the_last_frame() -> None:
    tap = Tap()
    source = Live(tap, on_loss="exit")
    tap.started()
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))
    tap.frames.put(SourceError("the tap broke off"))
    source._thread.join(PATIENCE_S)
    frames = iter(source)
    assert next(frames).index == 0
    with pytest.raises(SourceError, match="the tap broke off"):
        next(frames)
    source.close()


def test_an_error_of_a_driver_ends_the_source_and_not_only_its_thread() -> None:
    tap = Tap()
    source = Live(tap, on_loss="exit")
    tap.frames.put(OSError("ioctl said no"))
    with pytest.raises(SourceError, match="the tap failed: OSError: ioctl said no"):
        next(iter(source))
    source.close()


def test_close_from_another_thread_ends_the_reader() -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    threading.Timer(0.05, source.close).start()
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))
    assert len(list(source)) == 1
    source.close()


def test_close_interrupts_a_read_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    source.close()
    assert (source._thread.is_alive(), tap.closed) == (False, 1)
    assert list(source) == []
    assert caplog.messages == []


def test_a_read_that_comes_back_soon_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.capture.live._GRACE_S", PATIENCE_S)
    tap = Tap()
    source = Live(tap)
    tap.started()
    threading.Timer(0.05, tap.frames.put, [np.zeros((2, 2, 3), np.uint8)]).start()
    source.close()
    assert (tap.interrupted, tap.closed) == (False, 1)


def test_close_does_not_wait_for_a_read_that_cannot_be_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fer_edge.runtime.capture.live.CLOSE_S", 0.1)
    tap = Tap()
    tap.is_interruptible = False
    source = Live(tap)
    tap.started()
    started = time.monotonic()
    source.close()
    assert time.monotonic() - started < PATIENCE_S / 2
    assert (source._thread.is_alive(), tap.closed) == (True, 0)
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))  # the frame for which the thread has been waiting
    source._thread.join(PATIENCE_S)
    assert (source._thread.is_alive(), tap.closed) == (False, 1)
    assert list(source) == []


def test_close_interrupts_the_wait_for_a_lost_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.capture.live.FIRST_RETRY_S", 600.0)
    source = Live(Tap(SourceError("none")), on_loss="wait")
    source.close()
    assert not source._thread.is_alive()


class UncloseableTap(Tap):
    """A capture whose driver reports an error when it is closed."""

    def close(self) -> None:
        super().close()
        raise RuntimeError("VIDIOC_STREAMOFF: no such device")


@pytest.mark.usefixtures("quick_retries")
def test_a_lost_camera_that_cannot_be_closed_is_opened_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "fer_edge")
    tap = UncloseableTap()
    source = Live(tap)
    frames = iter(source)
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))
    assert next(frames).index == 0
    tap.frames.put(SourceError("the cable is loose"))
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))
    assert next(frames).index == 1
    source.close()
    assert caplog.messages[0] == "the cable is loose; trying again until it is back"
    assert len(tap.opened_at) > 1


@pytest.mark.usefixtures("quick_retries")
def test_a_camera_that_cannot_be_closed_in_a_pause_can_be_resumed() -> None:
    tap = UncloseableTap()
    source = Live(tap, on_loss="exit")
    tap.started()
    source.pause()
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))  # the read that the pause waits for
    while tap.closed == 0:
        time.sleep(0.01)
    source.resume()
    tap.frames.put(np.zeros((2, 2, 3), np.uint8))
    assert next(iter(source)).index == 0
    source.close()


def test_a_camera_that_can_neither_be_opened_nor_closed_is_one_error() -> None:
    with pytest.raises(SourceError, match="no such camera"):
        Live(UncloseableTap(SourceError("no such camera")))


def test_close_goes_on_if_a_driver_cannot_be_interrupted() -> None:
    class Uninterruptible(Tap):
        def interrupt(self) -> None:
            super().interrupt()
            raise RuntimeError("no such device")

    tap = Uninterruptible()
    source = Live(tap)
    tap.started()
    source.close()
    assert (tap.interrupted, list(source)) == (True, [])
