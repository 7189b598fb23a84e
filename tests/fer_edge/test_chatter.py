import logging
import os
import sys

import pytest

from fer_edge.chatter import without_chatter


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
