"""A live source that is paused and read again."""

import queue
import threading
import time

import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.runtime.capture import live
from fer_edge.runtime.capture.live import Live
from tests.support.tap import PATIENCE_S, Tap, wait_until


def test_a_pause_closes_the_capture_and_a_resume_opens_it_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tap = Tap()
    source = Live(tap)
    tap.started()
    frames = iter(source)
    tap.give(1)
    assert next(frames).image[0, 0, 0] == 1
    source.pause()
    source.pause()
    assert source.is_paused
    tap.frames.put(np.full((2, 3, 3), 2, np.uint8))  # was on its way when the pause began
    wait_until(lambda: tap.closed == 1)
    handed: queue.Queue[int] = queue.Queue()
    reader = threading.Thread(target=lambda: handed.put(int(next(frames).image[0, 0, 0])))
    reader.start()
    time.sleep(0.1)
    assert handed.empty()
    assert len(tap.opened_at) == 1
    assert not source.is_lost
    source.resume()
    assert not source.is_paused
    tap.give(3)
    assert handed.get(timeout=PATIENCE_S) == 3
    assert len(tap.opened_at) == 2
    reader.join(PATIENCE_S)
    source.close()
    assert [record.message for record in caplog.records] == [
        "the tap is paused",
        "the tap is resumed",
    ]


def test_what_breaks_during_a_pause_is_no_loss_and_a_close_ends_a_pause() -> None:
    tap = Tap()
    source = Live(tap, on_loss="exit")
    tap.started()
    frames = iter(source)
    tap.give(1)
    next(frames)
    source.pause()
    tap.frames.put(SourceError("unplugged"))
    wait_until(lambda: tap.closed == 1)
    assert not source.is_lost
    ender = threading.Timer(0.1, source.close)
    ender.start()
    assert next(frames, None) is None
    ender.join(PATIENCE_S)


def test_a_pause_ends_the_tries_to_find_a_lost_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(live, "LAST_RETRY_S", 0.01)
    tap = Tap(25.0, SourceError("away"))
    source = Live(tap, on_loss="wait")
    tap.started()
    tap.frames.put(SourceError("unplugged"))
    wait_until(lambda: len(tap.opened_at) > 1)
    assert source.is_lost
    source.pause()
    assert not source.is_lost
    tries = len(tap.opened_at)
    time.sleep(0.1)
    # the try that the pause met may have begun
    assert len(tap.opened_at) <= tries + 1
    source.resume()
    wait_until(lambda: source.is_lost)
    source.close()


class SlowlyClosing(Tap):
    """A tap whose `close` waits for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closing, self.may_close = threading.Event(), threading.Event()

    def close(self) -> None:
        self.is_closing.set()
        self.may_close.wait(PATIENCE_S)
        super().close()


def test_a_resume_while_the_capture_closes_opens_it_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "FIRST_RETRY_S", 2 * PATIENCE_S)
    tap = SlowlyClosing()
    source = Live(tap)
    tap.started()
    source.pause()
    tap.frames.put(np.full((2, 3, 3), 9, np.uint8))  # its read returns
    assert tap.is_closing.wait(PATIENCE_S)
    source.resume()
    tap.may_close.set()
    wait_until(lambda: len(tap.opened_at) == 2)
    source.close()
