"""Pictures of unknown size on a web server: a snapshot, and one after the other."""

import contextlib
import http.server
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from click.testing import Result

from tests.support.clear_line import assert_one_clear_line


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("name", ["snapshot.jpg", "snapshot"])
def test_a_snapshot_of_unknown_size_is_no_stream(
    serve: Callable[..., str], fer_edge: Callable[..., Result], version: str, name: str
) -> None:
    class Snapshot(_WithoutLength):
        protocol_version = version
        pictures = 1

    result = fer_edge("run", "--input", f"{serve(Snapshot)}/{name}")
    assert_one_clear_line(result, "is a single picture", "not a live stream", "download it")


def test_pictures_one_after_the_other_without_a_size_are_a_stream(
    serve: Callable[..., str], fer_edge: Callable[..., Result]
) -> None:
    class Pictures(_WithoutLength):
        pictures = 9

    result = fer_edge("run", "--input", f"{serve(Pictures)}/live", "--max-frames", "2")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)


class _WithoutLength(http.server.BaseHTTPRequestHandler):
    """Answers with some JPEG files in one body, whose size it does not state."""

    pictures = 1

    def do_GET(self) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(cv2.imencode(".jpg", noise)[1].tobytes() * self.pictures)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass
