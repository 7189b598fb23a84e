import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.publish.service_manager import ServiceManager
from fer_edge.runtime.recognition.result import Result

from ...support.notify_socket import Listener


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    name = f"@fer-edge-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "n")
    opened = Listener(name)
    yield opened
    opened.close()


class Slow:
    """Source of two frames with a gap between them."""

    is_video, is_live, frame_rate_hz, length, dropped = True, True, 1.0, None, 0
    is_lost = is_paused = False

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0, "slow")
        time.sleep(self._gap_s)
        yield Frame(np.zeros((4, 4, 3), np.uint8), 1, 1.0, "slow")

    def close(self) -> None: ...


class NoFaces:
    def read_frame(self, frame: Frame) -> Result:
        return Result(frame, ())


@pytest.mark.parametrize(
    ("standing", "pings", "status"),
    [
        ("", range(1, 3), "0.0 frames/s, 0 faces, 0 frames dropped"),
        ("is_lost", range(7, 12), "source lost after 1 frames; waiting for it"),
        ("is_paused", range(7, 12), "paused after 1 frames"),
    ],
)
def test_the_watchdog_bites_a_stalled_source_and_spares_one_that_knows_why_it_waits(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, standing: str, pings: range, status: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", listener.address)
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    source = Slow(gap_s=1.0)
    if standing:
        setattr(source, standing, True)
    with ServiceManager() as manager:
        assert run_to_end(source, NoFaces(), [], manager=manager) == 2
    assert listener.has("STOPPING=1")
    assert listener.lines[0] == "STATUS=starting: waiting for the first frame"
    first_frame = listener.lines.index("READY=1")
    assert "WATCHDOG=1" not in listener.lines[:first_frame]
    assert listener.lines.count("READY=1") == 1
    assert listener.lines.count("WATCHDOG=1") in pings
    assert f"STATUS={status}" in listener.lines


class Unknown(Slow):
    """Source of another package that cannot report its state."""

    @property
    def is_paused(self) -> bool:  # type: ignore[override]
        raise RuntimeError("the driver is gone")


def test_the_watchdog_survives_a_source_that_fails(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.service_manager.STATUS_S", 0.05)
    with ServiceManager({"NOTIFY_SOCKET": listener.address}) as manager:
        manager.reads(Unknown(0))
        listener.wait_for_count("EXTEND_TIMEOUT_USEC=60000000", 4)


def test_a_long_start_and_a_long_end_ask_for_more_time(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.service_manager.STATUS_S", 0.05)
    more = "EXTEND_TIMEOUT_USEC=60000000"
    with ServiceManager({"NOTIFY_SOCKET": listener.address}) as manager:
        manager.starting("opening the source")
        assert listener.has("STATUS=starting: opening the source")
        listener.wait_for_count(more, 4)
        run_to_end(Slow(0), NoFaces(), [], manager=manager)
        stopped = listener.lines.index("STOPPING=1") if listener.has("STOPPING=1") else 0
        listener.wait_for_count(more, listener.lines[:stopped].count(more) + 3)
        monkeypatch.setattr(manager, "_busy_until_s", 0.0)  # as if it hung: systemd may end it
        time.sleep(0.2)
        asked = listener.lines.count(more)
        time.sleep(0.2)
        assert listener.lines.count(more) == asked
    assert "WATCHDOG=1" not in listener.lines


def test_a_reload_that_takes_long_is_alive(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "100000"}
    with ServiceManager(environment) as manager:
        manager.frame_read(Result(next(iter(Slow(0))), ()))
        manager.reloading()
        listener.wait_for_count("WATCHDOG=1", 4)
        manager.reloaded(is_new=True)


def test_without_a_service_manager_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = threading.active_count()
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    with ServiceManager(os.environ) as manager:
        assert threading.active_count() == threads
        manager.stopping()


def test_a_watchdog_meant_for_another_process_is_left_alone(listener: Listener) -> None:
    environment = {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    with ServiceManager(environment) as manager:
        run_to_end(Slow(gap_s=0.2), NoFaces(), [], manager=manager)
    assert listener.has("STOPPING=1")
    assert "WATCHDOG=1" not in listener.lines


def test_a_heartbeat_is_a_file_touched_while_frames_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    beat = tmp_path / "beat"
    monkeypatch.setenv("FER_EDGE_HEARTBEAT", str(beat))
    run_to_end(Slow(0), NoFaces(), [], manager=ServiceManager())
    assert beat.exists()
    beat.unlink()
    monkeypatch.setattr("fer_edge.runtime.publish.service_manager.STATUS_S", 0.05)
    source = Slow(0)
    source.is_paused = True  # paused on request: the container is still healthy
    with ServiceManager() as manager:
        manager.reads(source)
        until_s = time.monotonic() + 5
        while not beat.exists() and time.monotonic() < until_s:
            time.sleep(0.02)
    assert beat.exists()
    monkeypatch.setenv("FER_EDGE_HEARTBEAT", str(tmp_path / "gone" / "beat"))
    run_to_end(Slow(0), NoFaces(), [], manager=ServiceManager())
    assert len(caplog.records) == 1


def test_a_manager_that_does_not_listen_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    manager.stopping()
    manager.stopping()
    assert len(caplog.records) == 1
    assert "cannot be written" in caplog.text
