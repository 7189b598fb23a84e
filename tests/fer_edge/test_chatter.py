import logging
import os
import sys
import threading

import pytest

from fer_edge.chatter import StderrHandler, without_chatter


def test_what_libraries_write_is_dropped_and_what_follows_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with without_chatter():
        os.write(2, b"I0000 cpu_feature_guard\n")
    os.write(2, b"kept\n")
    assert capfd.readouterr().err == "kept\n"


def test_an_error_comes_through_and_standard_error_is_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="real"), without_chatter():
        raise ValueError("real")
    print("kept", file=sys.stderr, flush=True)  # noqa: T201
    assert "kept" in capfd.readouterr().err


def test_verbose_drops_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "fer_edge"), without_chatter():
        os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_no_file_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        with without_chatter():
            pass
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_standard_error_is_back_when_the_last_thread_leaves(
    capfd: pytest.CaptureFixture[str],
) -> None:
    first_inside, second_inside, first_left = (threading.Event() for _ in range(3))

    def first() -> None:
        with without_chatter():
            first_inside.set()
            second_inside.wait(5)
        first_left.set()

    def second() -> None:
        first_inside.wait(5)
        with without_chatter():
            second_inside.set()
            first_left.wait(5)
            os.write(2, b"chatter\n")

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"kept\n")
    assert capfd.readouterr().err == "kept\n"


def test_many_threads_in_and_out_leave_standard_error_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = os.fstat(2)

    def work() -> None:
        for _ in range(300):
            with without_chatter():
                os.write(2, b"chatter\n")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = os.fstat(2)
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)
    assert capfd.readouterr().err == ""


def test_a_warning_is_heard_while_libraries_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("other")
    handler = StderrHandler()
    log.addHandler(handler)
    try:
        with without_chatter():
            os.write(2, b"chatter\n")
            log.warning("the broker\nhas gone")
    finally:
        log.removeHandler(handler)
    assert capfd.readouterr().err == "the broker has gone\n"
