"""Viewers that keep a connection open and send nothing, or a byte from time to time."""

import gc
import socket
import time
import weakref
from contextlib import ExitStack, suppress

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.runtime.publish.web import page as web_page
from fer_edge.runtime.publish.web.address import MAX_CONNECTIONS
from tests.support.web_client import get, result, served

ROOT = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_page, "_REQUEST_TIMEOUT_S", 0.4)


def is_dropped(connection: socket.socket, drip: bytes) -> bool:
    """Send the bytes again and again for 8 s; return whether the server closes the connection."""
    connection.settimeout(0.1)
    until_s = time.monotonic() + 8
    while time.monotonic() < until_s:
        try:
            connection.send(drip)
            if not connection.recv(65536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def answered(connection: socket.socket) -> bytes:
    connection.sendall(ROOT)
    answer = b""
    while b"ok\n" not in answer and (part := connection.recv(65536)):  # in several parts
        answer += part
    return answer


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r\nX: "])
def test_a_request_that_never_ends_is_dropped(start: bytes) -> None:
    with served() as page, socket.create_connection(("127.0.0.1", page.address.port)) as slow:
        slow.sendall(start)
        assert is_dropped(slow, b"x" if start else b"")


def test_a_second_request_that_never_ends_is_dropped_too() -> None:
    with served() as page, socket.create_connection(("127.0.0.1", page.address.port)) as slow:
        assert b"HTTP/1.1" in answered(slow)
        assert is_dropped(slow, b"G")


def test_a_body_that_never_ends_is_dropped() -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n"
    with served() as page, socket.create_connection(("127.0.0.1", page.address.port)) as slow:
        slow.sendall(head)
        assert is_dropped(slow, b"x")


def test_as_many_slow_viewers_as_connections_hold_the_page_for_a_moment_only() -> None:
    with served() as page:
        place = ("127.0.0.1", page.address.port)
        slow = [socket.create_connection(place) for _ in range(MAX_CONNECTIONS)]
        for connection in slow:
            with suppress(OSError):  # the server may have closed the first ones already
                answered(connection)
                connection.send(b"G")
        until_s, status = time.monotonic() + 8, None
        while status is None and time.monotonic() < until_s:
            try:
                status = get(page, "/healthz")[0]
            except OSError:
                time.sleep(0.1)
        for connection in slow:
            connection.close()
    assert status in (200, 503)


def test_a_viewer_that_asks_again_and_again_is_kept() -> None:
    with served() as page, socket.create_connection(("127.0.0.1", page.address.port)) as viewer:
        for _ in range(8):  # in total twice as long as the limit
            assert b"HTTP/1.1" in answered(viewer)
            time.sleep(0.1)


def test_sixty_four_viewers_see_the_page_at_once() -> None:
    """Each viewer uses two connections, as the page's script does: for events and pictures."""
    with served() as page, ExitStack() as lines:
        page.write(result())
        place = ("127.0.0.1", page.address.port)
        for path in ["/api/events", "/frame.jpg"] * 64:
            line = lines.enter_context(socket.create_connection(place, timeout=10))
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("path", ["/stream.mjpg", "/api/events"])
def test_a_viewer_who_goes_leaves_no_frame_behind(path: str) -> None:
    """Starlette leaves the response to the garbage collector, which may run hours later."""
    gc.disable()
    try:
        with served() as page:
            image = np.zeros((48, 64, 3), np.uint8)
            seen = weakref.ref(image)
            with socket.create_connection(("127.0.0.1", page.address.port), timeout=10) as line:
                line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                page.write(result(image=image))
                del image
                assert b"\r\n\r\n" in line.recv(65536)
                time.sleep(0.3)  # it waits for the next frame now
            for number in range(20):
                page.write(result(number))
                time.sleep(0.02)
            assert seen() is None
    finally:
        gc.enable()
