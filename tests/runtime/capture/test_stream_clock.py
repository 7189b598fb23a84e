"""Times of streams that have no time stamps: FFmpeg would count 25 frames per second."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import islice

import cv2
import numpy as np
import pytest

from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_source
from tests.support.stream_servers import PATIENCE_S, MotionJpeg


def check_times(frames: Iterator[Frame]) -> None:
    """Check that the times of 12 frames are those of their arrival."""
    first, *later = islice(frames, 12)
    assert first.unix_s is not None
    for frame in later:
        assert frame.unix_s is not None
        assert frame.time_s == pytest.approx(frame.unix_s - first.unix_s, abs=0.1)


@pytest.mark.parametrize("rate_hz", [8, 200])
def test_motion_jpeg_has_no_clock_but_its_arrival(
    serve: Callable[..., str], rate_hz: float
) -> None:
    with closing(open_source(serve(MotionJpeg, pause_s=1 / rate_hz))) as source:
        check_times(iter(source))


def test_pictures_over_tcp_have_no_clock_but_their_arrival() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), np.uint8)
    jpeg = cv2.imencode(".jpg", noise)[1].tobytes()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):  # the reader closes it
                while True:
                    connection.sendall(jpeg)
                    time.sleep(0.005)

        sender = threading.Thread(target=send)
        sender.start()
        with closing(open_source(f"tcp://127.0.0.1:{server.getsockname()[1]}")) as source:
            check_times(iter(source))
        sender.join(PATIENCE_S)
