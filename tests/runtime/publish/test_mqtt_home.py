"""MQTT topics for home automation: camera state, pause switch, pictures; no stale messages."""

import json
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.detection.yunet import YuNet
from fer_edge.runtime.publish.mqtt.announcement import Announcement
from fer_edge.runtime.publish.mqtt.home_assistant import device_id
from fer_edge.runtime.publish.mqtt.picture import CoveredPictures
from fer_edge.runtime.recognition.result import Result

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

from tests.support.mqtt_broker import BrokerProcess, Subscriber, wait_until
from tests.support.mqtt_sink import LABELS, Camera, is_connected, result, sink_for


def test_what_the_last_run_left_is_never_shown_as_live(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    former = sink_for(broker.port)
    former.write(result("happy"))
    wait_until(lambda: is_connected(former), "it is connected")
    former.close(complete=True)
    seen = subscribe(broker.port)
    wait_until(lambda: len(seen.messages) >= 4, "what is retained has come")
    seen.messages.clear()
    camera = Camera()
    sink = sink_for(broker.port, camera)
    wait_until(lambda: seen.told(), "it is connected")
    time.sleep(0.7)  # longer than the interval of the camera's check
    assert seen.told() == [("availability", "offline")]
    camera.is_lost = True  # before the first frame
    wait_until(lambda: ("availability", "online") in seen.told(), "it is there")
    (state,) = seen.states()
    assert (state["label"], state["count"]) == (None, None)
    assert seen.told()[1:] == [
        *[("reading", "ON"), ("camera", "offline"), ("availability", "online")],
    ]
    leaves = [topic.rpartition("/")[2] for topic, _, _ in seen.messages]
    assert leaves.index("state") < leaves.index("camera")
    camera.is_lost = False
    sink.write(result("sad"))
    wait_until(lambda: seen.told()[-1] == ("camera", "online"), "the camera is there")
    assert seen.states()[-1]["label"] == "sad"
    sink.close(complete=True)


def test_a_camera_that_goes_is_told_at_once_and_a_switch_pauses_it(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    seen, camera = subscribe(broker.port), Camera()
    sink = sink_for(broker.port, camera, every_s=86400)
    sink.write(result("happy"))
    wait_until(lambda: seen.told()[-1:] == [("availability", "online")], "it is there")
    camera.is_lost = True
    wait_until(lambda: seen.told()[-1] == ("camera", "offline"), "the loss is sent")
    camera.is_lost = False
    sink.write(result("happy"))
    wait_until(lambda: seen.told()[-1] == ("camera", "online"), "the return is sent")
    seen.publish("home/door/reading/set", "NONSENSE")
    seen.publish("home/door/reading/set", "OFF")
    wait_until(lambda: camera.is_paused, "it pauses")
    wait_until(lambda: seen.told()[-1] == ("camera", "paused"), "the pause is sent")
    assert seen.told()[-2] == ("reading", "OFF")
    seen.publish("home/door/reading/set", "ON")
    wait_until(lambda: seen.told()[-1] == ("reading", "ON"), "it is read again")
    assert not camera.is_paused
    time.sleep(0.7)  # longer than the interval of the camera's check
    assert seen.told()[-1] == ("reading", "ON")  # without a frame, the state is that before
    sink.write(result("happy"))
    wait_until(lambda: seen.told()[-1] == ("camera", "online"), "the first frame is there")
    wait_until(lambda: seen.payloads("/device"), "the state of the device has come")
    device = json.loads(seen.payloads("/device")[0])
    assert (device["frame_rate_hz"], device["latency_ms"]) == (None, None)
    sink.close(complete=True)


class Faulty(Camera):
    """Source of another package whose methods and attributes fail."""

    def __getattribute__(self, name: str) -> Any:
        if name == "is_lost":
            raise RuntimeError("the driver is gone")
        return super().__getattribute__(name)

    def pause(self) -> None:
        raise RuntimeError("the driver refuses")


def test_a_source_that_fails_is_reported_once_and_ends_no_thread(
    broker: BrokerProcess,
    subscribe: Callable[[int], Subscriber],
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen, camera = subscribe(broker.port), Faulty()
    sink = sink_for(broker.port, camera)
    sink.write(result("happy"))
    wait_until(lambda: seen.told()[-1:] == [("availability", "online")], "it is there")
    seen.publish("home/door/reading/set", "OFF")
    wait_until(lambda: "reading/set has no effect: the driver refuses" in caplog.text, "it fails")
    camera.is_paused = True
    wait_until(lambda: ("camera", "paused") in seen.told(), "the source is still watched")
    seen.publish("home/door/reading/set", "ON")
    wait_until(lambda: not camera.is_paused, "messages still arrive")
    sink.close(complete=True)
    assert caplog.text.count("the source's is_lost failed: the driver is gone") == 1


def test_what_was_switched_off_stays_off_when_the_device_starts_again(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    seen, camera = subscribe(broker.port), Camera()
    seen.publish("home/door/reading/set", "OFF", retain=True)  # as Home Assistant's switch does
    sink = sink_for(broker.port, camera)
    wait_until(lambda: camera.is_paused, "it pauses")
    wait_until(lambda: seen.told()[-1] == ("availability", "online"), "it is there, and paused")
    assert ("camera", "paused") in seen.told()
    assert seen.states()[-1]["count"] is None
    sink.close(complete=True)


def test_a_picture_leaves_with_its_faces_pixelated(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    photo = cv2.imread(str(sample_photo()))
    sharp = YuNet().detect(photo)
    seen = subscribe(broker.port)
    sink = sink_for(broker.port, pictures=CoveredPictures())
    sink.write(Result(Frame(photo, 0, 0.0, "test"), ()))  # the recognizer missed its face
    wait_until(lambda: seen.payloads("/picture"), "a picture comes")
    sink.close(complete=True)
    data = np.frombuffer(seen.payloads("/picture")[0].encode("latin-1"), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert max(picture.shape[:2]) == 640 or picture.shape == photo.shape
    assert len(sharp) == 1
    assert YuNet().detect(picture) == []
    assert seen.messages[-1][2] is False
    late = subscribe(broker.port)
    wait_until(lambda: late.payloads("/availability"), "what is retained has come")
    assert not late.payloads("/picture")


def test_home_assistant_is_told_all_again_when_it_starts(
    broker: BrokerProcess, subscribe: Callable[[int], Subscriber]
) -> None:
    announcement = Announcement("homeassistant", "home/door", "Door", "tiny", LABELS, expire_s=60)
    discovery = f"homeassistant/device/{device_id('home/door')}/config"
    seen = subscribe(broker.port)
    sink = sink_for(broker.port, announcement=announcement)
    sink.write(result("happy"))
    # the state of the frame can come before or after "online", which is sent once connected
    wait_until(lambda: ("availability", "online") in seen.told(), "it is there")
    wait_until(lambda: seen.payloads("/scores"), "the state is there")
    seen.publish(discovery, "", retain=True)  # as when a user deletes the device
    deleted = (discovery, "")
    wait_until(lambda: deleted in [m[:2] for m in list(seen.messages)], "it is deleted")
    seen.messages.clear()
    seen.publish("homeassistant/status", "offline")
    seen.publish("homeassistant/status", "online")
    wait_until(lambda: seen.told()[-1:] == [("availability", "online")], "everything is sent again")
    topics = [topic for topic, _, _ in seen.messages if topic != "homeassistant/status"]
    assert topics[:3] == [discovery, "home/door/state", "home/door/scores"]
    sink.close(complete=True)
