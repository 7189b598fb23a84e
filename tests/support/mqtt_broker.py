"""A real Mosquitto broker for a test, and a subscriber."""

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


class BrokerProcess:
    """Mosquitto process on a free port of loopback, with a separate configuration."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true\n") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\n{settings}")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", self._file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: self.is_up(), "the broker is up")

    def is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None


class Subscriber:
    """Subscriber that keeps all messages in order, as (topic, payload, retained)."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, str, bool]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#")
        self._client.on_message = lambda client, data, message: self.messages.append(
            (message.topic, message.payload.decode("latin-1"), message.retain)
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def told(self) -> list[tuple[str, str]]:
        """Return (last part of the topic, payload) of all availability and state messages."""
        names = ("availability", "camera", "reading")
        said = [(topic.rpartition("/")[2], payload) for topic, payload, _ in list(self.messages)]
        return [(leaf, payload) for leaf, payload in said if leaf in names]

    def payloads(self, leaf: str) -> list[str]:
        return [payload for topic, payload, _ in list(self.messages) if topic.endswith(leaf)]

    def states(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for payload in self.payloads("/state")]

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def wait_until(holds: Callable[[], object], what: str, timeout_s: float = 10) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, f"timed out waiting until {what}"
        time.sleep(0.02)
