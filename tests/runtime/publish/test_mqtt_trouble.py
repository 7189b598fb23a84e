"""MQTT with brokers that drop connections, with servers other than brokers, and with two runs."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

from fer_edge.runtime.publish.mqtt.announcement import Announcement
from tests.support.mqtt_broker import MOSQUITTO, BrokerProcess, Subscriber, wait_until
from tests.support.mqtt_sink import LABELS, is_connected, result, sink_for

pytestmark = pytest.mark.usefixtures("soon")
LAST_WILL = ("home/door/availability", "offline")


def test_the_last_will_of_a_run_before_a_power_cut_is_corrected(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    seen, sink = subscribe(broker.port), sink_for(broker.port)
    sink.write(result("happy"))
    wait_until(lambda: seen.payloads("/availability")[-1:] == ["online"], "it is there")
    seen.messages.clear()
    seen.publish(*LAST_WILL, retain=True)
    wait_until(lambda: seen.payloads("/availability") == ["offline", "online"], "it is corrected")
    time.sleep(0.7)  # time for further corrections
    assert seen.payloads("/availability") == ["offline", "online"]
    leaves = [topic.rpartition("/")[2] for topic, _, _ in seen.messages]
    assert leaves.index("state") < leaves.index("camera")  # of this run, not of the earlier one
    late = subscribe(broker.port)
    wait_until(lambda: late.payloads("/availability") == ["online"], "it is retained")
    sink.close(complete=True)
    wait_until(lambda: late.payloads("/availability") == ["online", "offline"], "it ends")
    time.sleep(0.6)
    assert late.payloads("/availability") == ["online", "offline"]


def test_a_topic_is_online_until_the_last_of_two_runs_has_ended(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    seen, first = subscribe(broker.port), sink_for(broker.port)
    first.write(result("happy"))
    wait_until(lambda: seen.payloads("/availability")[-1:] == ["online"], "the first is there")
    second = sink_for(broker.port)
    second.write(result("happy"))
    wait_until(lambda: is_connected(second), "the second is there")
    time.sleep(0.7)  # time for what it sends, and for corrections
    assert seen.payloads("/availability")[-1] == "online"
    seen.messages.clear()
    second.close(complete=True)
    wait_until(lambda: seen.payloads("/availability") == ["offline", "online"], "it is corrected")
    first.close(complete=True)
    wait_until(lambda: seen.payloads("/availability")[-1] == "offline", "both have ended")


def serving(answer: bytes | None) -> tuple[socket.socket, list[socket.socket]]:
    """Start a server that answers with these bytes and closes; with None it stays silent.

    Returns:
        The listening socket, and the connections so far.
    """
    server = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            accepted.append(connection)
            if answer is not None:
                connection.recv(1000)
                connection.sendall(answer)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return server, accepted


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x15\x03\x01\x00\x02\x02\x46",  # TLS alert
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"\x20\x01\x00",  # a CONNACK that is too short
        None,
    ],
    ids=["closes", "TLS", "HTTP", "malformed", "silent"],
)
def test_a_server_that_is_no_broker_is_one_line(
    answer: bytes | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.mqtt.connection.KEEPALIVE_S", 1)
    server, accepted = serving(answer)
    sink = sink_for(server.getsockname()[1])
    wait_until(lambda: len(accepted) == 2, "it is tried again")
    sink.close(complete=True)
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    (line,) = [record.message for record in caplog.records]
    assert "gives no MQTT answer (check the port; a port for TLS needs mqtts://)" in line


def test_a_topic_that_is_not_text_does_not_end_the_connection_for_good(
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish = b"\x30\x06\x00\x03\xff\xfe/O"
    server, accepted = serving(b"\x20\x02\x00\x00" + publish)  # after a CONNACK
    sink = sink_for(server.getsockname()[1])
    wait_until(lambda: len(accepted) >= 2, "it is connected again")
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    sink.close(complete=False)
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")
def test_a_broker_that_drops_each_connection_is_one_line_and_is_tried_less_and_less(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = BrokerProcess(tmp_path, "allow_anonymous true\nmax_packet_size 2000\n")
    broker.start()
    announcement = Announcement("homeassistant", "home/door", "Door", "tiny", LABELS, expire_s=60)
    sink = sink_for(broker.port, announcement=announcement)
    try:
        wait_until(lambda: sink._connection._retry_s >= 0.8, "it is tried later and later", 15)
    finally:
        sink.close(complete=True)
        broker.stop()
    (line,) = [record.message for record in caplog.records]
    assert "disconnected soon after connecting (its own log may name the reason)" in line
