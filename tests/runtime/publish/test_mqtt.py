import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.errors import OutputError
from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.publish.mqtt.broker import parse_broker
from fer_edge.runtime.publish.mqtt.home_assistant import device_id
from fer_edge.runtime.recognition.result import Face, Probabilities, Result

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

from fer_edge.runtime.publish.mqtt.states import MqttStates

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")
LABELS = ("sad", "happy")


class BrokerProcess:
    """Mosquitto on a free port of loopback, with a configuration of its own."""

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
    """Everything that is published, in order: (topic, payload, retained)."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, str, bool]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#")
        self._client.on_message = lambda client, data, message: self.messages.append(
            (message.topic, message.payload.decode(), message.retain)
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def payloads(self, leaf: str) -> list[str]:
        return [payload for topic, payload, _ in list(self.messages) if topic.endswith(leaf)]

    def states(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for payload in self.payloads("/state")]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def wait_until(holds: Callable[[], object], what: str, timeout_s: float = 10) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, f"waited in vain until {what}"
        time.sleep(0.02)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    process = BrokerProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def subscribe() -> Iterator[Callable[[int], Subscriber]]:
    opened: list[Subscriber] = []

    def subscribe(port: int) -> Subscriber:
        opened.append(Subscriber(port))
        return opened[-1]

    yield subscribe
    for subscriber in opened:
        subscriber.close()


def sink_for(port: int, **options: Any) -> MqttStates:
    return MqttStates(parse_broker(f"mqtt://127.0.0.1:{port}/home/door", {}), **options)


def result(label: str | None, track: int = 1) -> Result:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0, "test")
    if label is None:
        return Result(frame, ())
    face = Face(label, Probabilities(LABELS, (0.25, 0.75)), Box(0, 0, 2, 2), 0.9, track)
    return Result(frame, (face,))


@needs_broker
def test_a_state_is_sent_on_change_and_the_goodbye_is_last(
    broker: BrokerProcess,
    subscribe: Callable[[int], Subscriber],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.mqtt.states.SHORTEST_S", 0.05)
    seen = subscribe(broker.port)
    sink = sink_for(broker.port)
    wait_until(lambda: seen.payloads("/availability") == ["online"], "it is online")
    for label in ("happy", "happy", "happy", "sad", None):
        for _ in range(20):
            sink.write(result(label))
            time.sleep(0.002)
        time.sleep(0.05)
        sink.write(result(label))
    sink.close(complete=True)
    wait_until(lambda: seen.payloads("/availability") == ["online", "offline"], "it is offline")
    assert [state["label"] for state in seen.states()] == ["happy", "sad", None]
    first = seen.states()[0]
    assert first["count"] == 1
    assert first["probability"] == 0.75
    assert first["faces"] == [
        {"track": 1, "label": "happy", "scores": {"sad": 0.25, "happy": 0.75}}
    ]
    assert seen.messages[-1] == ("home/door/availability", "offline", False)
    late = subscribe(broker.port)  # both are retained for whoever comes later
    wait_until(lambda: len(late.messages) == 2, "the retained messages come")
    assert {(topic, kept) for topic, _, kept in late.messages} == {
        ("home/door/availability", True),
        ("home/door/state", True),
    }


@needs_broker
def test_a_flicker_is_no_flood_and_a_steady_face_is_told_every_so_often(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    seen = subscribe(broker.port)
    sink = sink_for(broker.port, every_s=0.2)
    wait_until(lambda: seen.payloads("/availability"), "it is online")
    started = time.monotonic()

    def has_told_three_times() -> bool:
        sink.write(result("happy"))
        return len(seen.states()) >= 3

    wait_until(has_told_three_times, "it is told three times")
    assert time.monotonic() - started >= 2 * 0.2
    sink.close(complete=True)
    wait_until(lambda: seen.payloads("/availability")[-1] == "offline", "it is offline")
    steady = len(seen.states())
    assert steady <= 1 + (time.monotonic() - started) / 0.2
    fast = sink_for(broker.port)
    for number in range(200):
        fast.write(result(LABELS[number % 2]))
        time.sleep(0.005)
    fast.close(complete=True)
    wait_until(lambda: seen.payloads("/availability")[-1] == "offline", "it is offline")
    assert len(seen.states()) - steady <= 6


@needs_broker
def test_a_broker_that_comes_late_and_goes_and_comes_again_gets_the_newest_state(
    tmp_path: Path, subscribe: Callable[[int], Subscriber], caplog: pytest.LogCaptureFixture
) -> None:
    broker = BrokerProcess(tmp_path)
    sink = sink_for(broker.port)
    try:
        wait_until(lambda: "cannot be reached" in caplog.text, "it is said once")
        for _ in range(10_000):  # a month's worth: nothing of it is kept
            sink.write(result("sad"))
        sink.write(result("happy"))
        sink._due_s = 0
        sink.write(result("happy"))
        broker.start()
        seen = subscribe(broker.port)
        wait_until(seen.states, "the newest state came")
        assert [state["label"] for state in seen.states()] == ["happy"]
        broker.stop()
        wait_until(lambda: "has gone" in caplog.text, "the loss is said")
        sink._due_s = 0
        sink.write(result("sad"))
        broker.start()
        wait_until(lambda: seen.states()[-1]["label"] == "sad", "it goes on")
    finally:
        sink.close(complete=True)
        broker.stop()
    lines = [record.message for record in caplog.records if "MQTT broker" in record.message]
    assert [line.split(f":{broker.port}")[1][:8] for line in lines] == [
        " cannot ",
        ": connec",
        " has gon",
        ": connec",
    ]


@needs_broker
def test_a_wrong_password_is_one_line_without_the_password(
    tmp_path: Path, subscribe: Callable[[int], Subscriber], caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-c", "-b", passwords, "pi", "right"], check=True, capture_output=True
    )
    settings = f"allow_anonymous false\npassword_file {passwords}\nuser root\n"
    broker = BrokerProcess(tmp_path, settings)
    passwords.chmod(0o644)
    broker.start()
    url = f"mqtt://pi:wr%40ng-secret@127.0.0.1:{broker.port}/t"
    try:
        sink = MqttStates(parse_broker(url, {}))
        wait_until(lambda: "refuses the connection" in caplog.text, "it is said")
        time.sleep(1.5)  # tried again by now
        sink.close(complete=True)
        assert len(caplog.records) == 1
        assert "Not authorized" in caplog.text
        assert "secret" not in caplog.text
        right = MqttStates(
            parse_broker(
                f"mqtt://pi@127.0.0.1:{broker.port}/t", {"FER_EDGE_MQTT_PASSWORD": "right"}
            )
        )
        wait_until(lambda: right._connected, "the right one is taken")
        right.close(complete=True)
        assert len(caplog.records) == 1
    finally:
        broker.stop()


@needs_broker
def test_a_broker_that_hangs_holds_up_neither_the_run_nor_its_end(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    sink = sink_for(broker.port, every_s=0)
    wait_until(lambda: sink._connected, "it is connected")
    assert broker.process is not None
    broker.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    for _ in range(20_000):  # more than the kernel's buffers take
        sink.write(result("happy"))
    assert len(sink._client._out_packet) <= 2
    took_s = time.monotonic() - started
    assert took_s < 20
    started = time.monotonic()
    sink.close(complete=True)
    assert time.monotonic() - started < 2


@needs_broker
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_an_encrypted_broker_is_believed_by_its_certificate_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    key.chmod(0o644)
    settings = f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}\nuser root\n"
    broker = BrokerProcess(tmp_path, settings)
    broker.start()
    address = parse_broker(f"mqtts://127.0.0.1:{broker.port}/t", {})
    try:
        doubtful = MqttStates(address)
        wait_until(lambda: "cannot be reached" in caplog.text, "it is refused")
        doubtful.close(complete=True)
        assert "certificate verify failed" in caplog.text
        believed = MqttStates(address, authorities=certificate)
        wait_until(lambda: believed._connected, "it is believed")
        believed.close(complete=True)
    finally:
        broker.stop()
    with pytest.raises(OutputError, match="PEM"):
        MqttStates(address, authorities=tmp_path / "mosquitto.conf")


@needs_broker
def test_the_command_announces_itself_and_a_kill_leaves_its_last_will(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber], tmp_path: Path
) -> None:
    clip = tmp_path / "long.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 64))
    for _ in range(20_000):
        writer.write(np.full((64, 64, 3), 90, np.uint8))
    writer.release()
    seen = subscribe(broker.port)
    url = f"mqtt://127.0.0.1:{broker.port}/home/door"
    command = ["run", "--input", clip, "--detector", "none", "--mqtt-every", "0.1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fer_edge", *command, "--mqtt", url, "--mqtt-discovery"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: len(seen.states()) > 3, "states come", 20)
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: seen.payloads("/availability") == ["online", "offline"], "the will is read")
    topic = f"homeassistant/device/{device_id('home/door')}/config"
    (announced,) = [json.loads(text) for name, text, _ in seen.messages if name == topic]
    assert set(announced) == {
        *("device", "origin", "components"),
        *("availability_topic", "state_topic"),
    }
    state = seen.states()[0]
    for component in announced["components"].values():
        assert component["platform"] == "sensor"
        assert component["value_template"][len("{{ value_json.") : -len(" }}")] in state
    assert state["label"] in announced["components"]["expression"]["options"]
    assert announced["state_topic"] == "home/door/state"
