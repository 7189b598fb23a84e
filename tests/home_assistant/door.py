"""A `fer-edge run` that offers all its entities to Home Assistant."""

import json
import signal
import socket
import subprocess
import sys
from typing import Any
from urllib.request import urlopen


class Door:
    def __init__(self, camera_url: str, broker_port: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.page = f"127.0.0.1:{probe.getsockname()[1]}"
        url = f"mqtt://127.0.0.1:{broker_port}/home/door"
        self._command = [
            *(sys.executable, "-m", "fer_edge", "run", "--input", camera_url, "--quiet"),
            *("--on-loss", "wait", "--mqtt", url, "--mqtt-every", "1", "--mqtt-discovery"),
            *("--mqtt-name", "Front door", "--mqtt-area", "Hall", "--mqtt-picture"),
            *("--web", self.page),
        ]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(20)

    def live(self) -> dict[str, Any]:
        """Return the live state of the run from the API of its web page."""
        with urlopen(f"http://{self.page}/api/state", timeout=5) as answer:
            live: dict[str, Any] = json.loads(answer.read())["live"]
            return live
