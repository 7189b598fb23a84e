import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.runtime.publish.mqtt.broker import parse_broker
from fer_edge.runtime.publish.mqtt.home_assistant import device_id

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

from fer_edge.runtime.publish.mqtt.connection import LEAVES
from fer_edge.runtime.publish.mqtt.states import MqttStates
from tests.support.mqtt_broker import MOSQUITTO, BrokerProcess, Subscriber, wait_until
from tests.support.mqtt_sink import LABELS, Camera, is_connected, result, sink_for
from tests.support.stream_servers import FaceCamera

pytestmark = pytest.mark.usefixtures("soon")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")


@needs_broker
def test_a_state_is_sent_on_change_and_the_goodbye_is_last(
    broker: BrokerProcess,
    subscribe: Callable[[int], Subscriber],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.mqtt.states.SHORTEST_S", 0.05)
    seen = subscribe(broker.port)
    sink = sink_for(broker.port)
    wait_until(lambda: seen.payloads("/availability") == ["offline"], "it is connected")
    for label in ("happy", "happy", "happy", "sad", None):
        for _ in range(20):
            sink.write(result(label))
            time.sleep(0.002)
        time.sleep(0.05)
        sink.write(result(label))
    sink.close(complete=True)
    wait_until(lambda: seen.payloads("/availability")[1:] == ["online", "offline"], "it ends")
    assert [state["label"] for state in seen.states()] == ["happy", "sad", None]
    first = seen.states()[0]
    assert first["count"] == 1
    assert first["probability"] == 0.75
    assert first["faces"] == [
        {"track": 1, "label": "happy", "scores": {"sad": 0.25, "happy": 0.75}}
    ]
    assert seen.messages[-1] == ("home/door/availability", "offline", False)
    assert [json.loads(text) for text in seen.payloads("/scores")] == [
        *2 * [{"sad": 25.0, "happy": 75.0}],
        {"sad": None, "happy": None},
    ]
    events = [json.loads(text) for text in seen.payloads("/event")]
    assert [(event["before"], event["event_type"], event["track"]) for event in events] == [
        ("happy", "sad", 1),
        ("sad", "none", None),
    ]
    late = subscribe(broker.port)  # a later subscriber gets all retained messages: all but events
    wanted = {f"home/door/{leaf}" for leaf in ("availability", "camera", "state", "scores")}
    wait_until(lambda: {topic for topic, _, _ in late.messages} >= wanted, "retained messages come")
    assert all(kept for _, _, kept in late.messages)
    assert not late.payloads("/event")


@needs_broker
def test_a_flicker_is_no_flood_and_a_steady_face_is_told_every_so_often(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    seen = subscribe(broker.port)
    sink = sink_for(broker.port, every_s=0.2)
    wait_until(lambda: seen.payloads("/availability"), "it is connected")
    started = time.monotonic()

    def has_told_three_times() -> bool:
        sink.write(result("happy"))
        return len(seen.states()) >= 3

    wait_until(has_told_three_times, "it is announced three times")
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
    tmp_path: Path,
    subscribe: Callable[[int], Subscriber],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.mqtt.broker_log.STEADY_S", 0.1)
    broker = BrokerProcess(tmp_path)
    sink = sink_for(broker.port)
    try:
        wait_until(lambda: "cannot be reached" in caplog.text, "the failure is reported once")
        for _ in range(10_000):  # many states, none of which is queued
            sink.write(result("sad"))
        sink.write(result("happy"))
        sink._states.due_s = 0
        sink.write(result("happy"))
        broker.start()
        seen = subscribe(broker.port)
        wait_until(seen.states, "the newest state came")
        assert [state["label"] for state in seen.states()] == ["happy"]
        wait_until(lambda: "is connected" in caplog.text, "the return is reported")
        broker.stop()
        wait_until(lambda: "disconnected" in caplog.text, "the loss is reported")
        sink._states.due_s = 0
        sink.write(result("sad"))
        broker.start()
        wait_until(lambda: seen.states()[-1]["label"] == "sad", "it continues")
        wait_until(lambda: caplog.text.count("is connected") == 2, "the second return too")
    finally:
        sink.close(complete=True)
        broker.stop()
    lines = [record.message for record in caplog.records if "MQTT broker" in record.message]
    assert [line.split(f":{broker.port}")[1][:8] for line in lines] == [
        " cannot ",
        " is conn",
        " disconn",
        " is conn",
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
        sink = MqttStates(parse_broker(url, {}), Camera(), labels=LABELS)
        wait_until(lambda: "rejects the connection" in caplog.text, "it is reported")
        time.sleep(0.4)  # time for a second attempt
        sink.close(complete=True)
        assert len(caplog.records) == 1
        assert "Not authorized" in caplog.text
        assert "secret" not in caplog.text
        given = {"FER_EDGE_MQTT_PASSWORD": "right"}
        address = parse_broker(f"mqtt://pi@127.0.0.1:{broker.port}/t", given)
        right = MqttStates(address, Camera(), labels=LABELS)
        wait_until(lambda: is_connected(right), "the right password is accepted")
        right.close(complete=True)
        assert len(caplog.records) == 1
    finally:
        broker.stop()


@needs_broker
def test_a_broker_that_hangs_holds_up_neither_the_run_nor_its_end(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    sink = sink_for(broker.port, every_s=0)
    wait_until(lambda: is_connected(sink), "it is connected")
    assert broker.process is not None
    broker.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    crowd = replace(result("happy"), faces=24 * result("happy").faces)
    stuck = 0
    for _ in range(20_000):  # more than the kernel's buffers can hold
        sink.write(crowd)
        stuck = stuck + 1 if sink._connection._is_underway("state") else 0
        if stuck == 500:
            break
    assert stuck == 500
    assert len(sink._connection._client._out_packet) <= len(LEAVES)
    took_s = time.monotonic() - started
    assert took_s < 60  # writes do not wait for the broker
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
        doubtful = MqttStates(address, Camera(), labels=LABELS)
        wait_until(lambda: "cannot be reached" in caplog.text, "it is refused")
        doubtful.close(complete=True)
        assert "certificate verify failed" in caplog.text
        believed = MqttStates(address, Camera(), labels=LABELS, authorities=certificate)
        wait_until(lambda: is_connected(believed), "the broker's certificate is accepted")
        believed.close(complete=True)
    finally:
        broker.stop()
    with pytest.raises(OutputError, match="PEM"):
        MqttStates(address, Camera(), labels=LABELS, authorities=tmp_path / "mosquitto.conf")


@needs_broker
def test_the_command_announces_itself_pauses_and_leaves_its_last_will(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    camera, seen = FaceCamera(), subscribe(broker.port)
    url = f"mqtt://127.0.0.1:{broker.port}/home/door"
    command = ["run", "--input", camera.url, "--detector", "none", "--quiet", "--mqtt", url]
    command += ["--mqtt-discovery", "--mqtt-every", "0.1"]
    command += ["--mqtt-name", "Door", "--mqtt-area", "Hall"]
    process = subprocess.Popen([sys.executable, "-m", "fer_edge", *command])
    try:
        wait_until(lambda: len(seen.states()) > 3, "states have come", 30)
        seen.publish("home/door/reading/set", "OFF")
        wait_until(lambda: camera.viewers == 0, "nobody reads the camera")
        wait_until(lambda: seen.told()[-1] == ("camera", "paused"), "the pause is sent")
        seen.publish("home/door/reading/set", "ON")
        wait_until(lambda: camera.viewers == 1, "it is read again")
        wait_until(lambda: seen.told()[-1] == ("camera", "online"), "the resumption is sent")
    finally:
        process.kill()
        process.wait()
        camera.unplug()
    wait_until(lambda: seen.payloads("/availability")[-2:] == ["online", "offline"], "the will")
    topic = f"homeassistant/device/{device_id('home/door')}/config"
    (announced,) = [json.loads(text) for name, text, _ in seen.messages if name == topic]
    assert (announced["device"]["name"], announced["device"]["suggested_area"]) == ("Door", "Hall")
    topics = {f"home/door/{leaf}" for leaf in LEAVES}
    for component in announced["components"].values():
        if len(component) > 1:
            assert component["state_topic"] in topics | {"home/door/event"}
            assert component["availability_mode"] == "all"
            assert {place["topic"] for place in component["availability"]} <= topics
    states = seen.states()
    assert states[0]["label"] in announced["components"]["expression"]["options"]
    first = [topic.rpartition("/")[2] for topic, _, _ in seen.messages]
    assert first.index("state") < first.index("camera")
