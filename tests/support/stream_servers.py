"""Stream servers: RTSP in a separate process, Motion JPEG as a handler of Python's server."""

import http.server
import subprocess
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from fer_edge.pictures.sample_photo import sample_photo

PATIENCE_S = 30
SYSTEM_PYTHON = "/usr/bin/python3"


class RtspServer:
    """RTSP server process that can be killed and restarted on the same port."""

    def __init__(self) -> None:
        self.port = "0"
        self.start()

    def start(self) -> None:
        script = Path(__file__).with_name("rtsp_server.py")
        self.process = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), self.port], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = self.process.stdout.readline().strip()
        assert int(self.port) > 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def url(self) -> str:
        return f"rtsp://anna:secret@127.0.0.1:{self.port}/camera?key=secret"


class MotionJpeg(http.server.BaseHTTPRequestHandler):
    """Handler that sends frames 0, 1, 2 ... with their number as gray value, and then stalls."""

    frames = 1000
    pause_s = 0.01
    stalls = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for number in range(self.frames):
                self._part(number, 1.0)
            self._part(0, 0.5)
            self.stalls.wait(PATIENCE_S)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _part(self, number: int, share: float) -> None:
        jpeg = cv2.imencode(".jpg", np.full((48, 64), number % 200, np.uint8))[1].tobytes()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        self.wfile.write(head.encode() + jpeg[: int(share * len(jpeg))])
        self.wfile.write(b"\r\n" if share == 1 else b"")
        self.wfile.flush()
        time.sleep(self.pause_s)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class FaceCamera:
    """Network camera that shows a face or an empty wall, and that can be unplugged.

    Attributes:
        shows_face: Whether the camera shows the face, or the wall.
        viewers: Number of connected clients.
    """

    def __init__(self, rate_hz: float = 10.0) -> None:
        photo = cv2.resize(cv2.imread(str(sample_photo())), (320, 376))
        self._face, self._wall = (_jpeg(picture) for picture in (photo, np.full_like(photo, 90)))
        self._pause_s = 1 / rate_hz
        self._port = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        self.shows_face = True
        self.viewers = 0
        self.plug_in()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/video"

    def plug_in(self) -> None:
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._serve(self, camera._server)

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def unplug(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _serve(self, request: http.server.BaseHTTPRequestHandler, server: object) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        self.viewers += 1
        try:
            while self._server is server:
                jpeg = self._face if self.shows_face else self._wall
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                request.wfile.write(head.encode() + jpeg + b"\r\n")
                request.wfile.flush()
                time.sleep(self._pause_s)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.viewers -= 1
            request.close_connection = True


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()
