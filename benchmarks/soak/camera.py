"""Network camera on loopback: one stream never ends, and one ends again and again.

http://127.0.0.1:PORT/steady     Motion JPEG at a constant rate
http://127.0.0.1:PORT/moody      20 frames at once, then the end; H.264 and Motion JPEG in turns
"""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .scene import as_jpegs, as_transport_stream, scene

_MOODY_FRAMES = 20


@dataclass(slots=True)
class Camera:
    """Streams of a camera, and the number of their connections.

    Attributes:
        pictures: JPEG files, one per frame.
        films: Short H.264 streams, as MPEG transport streams.
        rate_hz: Frame rate of the steady stream.
        port: Port of the server.
        opened: Number of connections to each stream.
    """

    pictures: list[bytes]
    films: list[bytes]
    rate_hz: float
    port: int = 0
    opened: dict[str, int] = field(default_factory=dict)

    def address(self, stream: str) -> str:
        """Return the address of a stream."""
        return f"http://127.0.0.1:{self.port}/{stream}"


@contextmanager
def camera(rate_hz: float) -> Iterator[Camera]:
    """Start a camera; it is stopped after the block."""
    images = scene()
    starts = range(0, len(images), _MOODY_FRAMES)
    films = [as_transport_stream(images[start : start + _MOODY_FRAMES]) for start in starts]
    made = Camera(as_jpegs(images), films, rate_hz)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _handler(camera: Camera) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stream = self.path.strip("/")
            number = camera.opened.get(stream, 0)
            camera.opened[stream] = number + 1
            try:
                if stream == "steady":
                    self._send_jpegs(itertools.count(), 1 / camera.rate_hz)
                elif number % 2:
                    self._send_jpegs(range(number, number + _MOODY_FRAMES), 0.0)
                else:
                    self._head("video/mp2t")
                    self.wfile.write(camera.films[number // 2 % len(camera.films)])
            except (BrokenPipeError, ConnectionResetError):
                pass

        def _head(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()

        def _send_jpegs(self, numbers: "Iterator[int] | range", pause_s: float) -> None:
            self._head("multipart/x-mixed-replace; boundary=frame")
            next_s = time.monotonic()
            for number in numbers:
                jpeg = camera.pictures[number % len(camera.pictures)]
                head = "--frame\r\nContent-Type: image/jpeg\r\n"
                self.wfile.write(f"{head}Content-Length: {len(jpeg)}\r\n\r\n".encode())
                self.wfile.write(jpeg + b"\r\n")
                self.wfile.flush()
                next_s += pause_s
                time.sleep(max(0.0, next_s - time.monotonic()))

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    return Handler
