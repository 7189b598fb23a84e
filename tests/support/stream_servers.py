"""Servers of streams: RTSP as a process of its own, Motion JPEG as a handler of Python's server."""

import http.server
import subprocess
import threading
import time
from pathlib import Path

import cv2
import numpy as np

PATIENCE_S = 30
SYSTEM_PYTHON = "/usr/bin/python3"


class RtspServer:
    """The server as a process that can be killed and started again on its port."""

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
    """Sends frames 1, 2, 3 ... whose grey tells their number; then stalls within a frame."""

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
        """Say nothing."""
