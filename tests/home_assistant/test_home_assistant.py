"""fer-edge in a real Home Assistant: `make test-home-assistant`, see docs/how-to/home-assistant.md.

The tests share one Home Assistant, one broker and one camera. Each test starts from the state that
the one before it left, so they run in the order of this file.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("paho.mqtt.client")
pytest.importorskip("starlette")

from ..support.chromium import Chromium
from ..support.mqtt_broker import MOSQUITTO, BrokerProcess, Subscriber
from ..support.stream_servers import FaceCamera
from .door import Door
from .home import HomeAssistant, wait_until
from .userland import missing_programs

FOLDER = os.environ.get("FER_EDGE_HOME_ASSISTANT")
LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FACE = "neutral"
"""Expression of the camera's face."""
EXPRESSION, CAMERA = "sensor.front_door_expression", "binary_sensor.front_door_camera"
READING, RATE = "switch.front_door_recognition", "sensor.front_door_frame_rate"
_DEEP_TEXT = """() => {
  const texts = [];
  const walk = (node) => {
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes ?? []) {
      if (child.nodeType === 3) texts.push(child.textContent);
      else if (child.nodeName !== 'STYLE') walk(child);
    }
  };
  walk(document);
  return texts.join(' ');
}"""
OWN_COMPLAINTS = (
    # about the broker that a test stops
    "The connection was lost",
    "Failed to connect to MQTT server",
    # about its own message, once per entity, when a device is deleted
    "No device components to cleanup",
)
UNITS = {
    "sensor.front_door_expression": None,
    "binary_sensor.front_door_face": None,
    "sensor.front_door_faces": None,
    "sensor.front_door_probability": "%",
    "sensor.front_door_happy": "%",
    "sensor.front_door_neutral": "%",
    "binary_sensor.front_door_camera": None,
    "sensor.front_door_frame_rate": "fps",
    "sensor.front_door_latency": "ms",
    "switch.front_door_recognition": None,
    "image.front_door_picture": None,
    "event.front_door_expression_change": None,
}

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make test-home-assistant`: it takes minutes"),
    pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"needs {', '.join(missing_programs())}"),
]


def test_the_device_appears_with_its_entities_and_their_units(
    home: HomeAssistant, door: Door, seen: Subscriber
) -> None:
    home.wait_for(EXPRESSION, FACE, 60)
    states = home.states()
    for entity, unit in UNITS.items():
        assert states[entity]["attributes"].get("unit_of_measurement") == unit, entity
    registered = {
        item["entity_id"]: item
        for item in home.ask("config/entity_registry/list")
        if item["platform"] == "mqtt"
    }
    off = {name for name, item in registered.items() if item["disabled_by"]}
    scores = {f"sensor.front_door_{label}" for label in LABELS} - set(UNITS)
    assert off == {*scores, "sensor.front_door_dropped_frames"}
    assert set(registered) - off - {"sensor.front_door_processor_temperature"} == set(UNITS)
    for entity in (CAMERA, RATE, "sensor.front_door_latency", "sensor.front_door_dropped_frames"):
        assert registered[entity]["entity_category"] == "diagnostic"
    options = states[EXPRESSION]["attributes"]["options"]
    assert options == [*LABELS, "uncertain", "none"]
    (face,) = states[EXPRESSION]["attributes"]["faces"]
    assert face["label"] == FACE
    assert set(face["scores"]) == set(LABELS)
    (device,) = [
        item
        for item in home.ask("config/device_registry/list")
        if item["manufacturer"] == "fer-edge"
    ]
    assert device["name"] == "Front door"
    assert device["configuration_url"] == f"http://{door.page}/"
    areas = {area["area_id"]: area["name"] for area in home.ask("config/area_registry/list")}
    assert areas[device["area_id"]] == "Hall"


def _is_ready(automation: dict[str, Any]) -> bool:
    attributes = automation["attributes"]
    return attributes["last_triggered"] is not None and attributes["current"] == 0


def test_a_face_that_goes_and_comes_is_told_everywhere(
    home: HomeAssistant, door: Door, camera: FaceCamera, seen: Subscriber
) -> None:
    assert home.state("binary_sensor.front_door_face") == "on"
    # the face that was there at first has rung, and the pause after it is over
    wait_until(lambda: _is_ready(home.states()["automation.somebody_at_the_door"]), "a pause", 20)
    seen.messages.clear()
    camera.shows_face = False
    home.wait_for(EXPRESSION, "none")
    home.wait_for("binary_sensor.front_door_face", "off")
    states = home.states()
    assert states["sensor.front_door_faces"]["state"] == "0"
    assert states["sensor.front_door_probability"]["state"] == "unknown"
    event = states["event.front_door_expression_change"]["attributes"]
    assert (event["event_type"], event["before"]) == ("none", FACE)
    camera.shows_face = True
    home.wait_for(EXPRESSION, FACE)
    # the blueprint runs its action after a second of the expression
    wait_until(lambda: ("chime", "ding", False) in seen.messages, "the chime rings", 10)


def test_the_picture_is_shown_and_shows_nobody(home: HomeAssistant, door: Door) -> None:
    from fer_edge.runtime.detection.yunet import YuNet

    entity = "image.front_door_picture"
    wait_until(lambda: home.state(entity) not in ("unknown", "unavailable"), "a picture", 20)
    data = home.get_bytes(home.states()[entity]["attributes"]["entity_picture"])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (376, 320, 3)
    assert YuNet().detect(picture) == []


def test_a_rate_is_unknown_first_and_right_from_then_on(home: HomeAssistant, door: Door) -> None:
    wait_until(lambda: home.state(RATE) not in ("unknown", "unavailable"), "a rate", 60)
    assert 5 < float(home.state(RATE)) < 12
    history = home.get(f"/api/history/period?filter_entity_id={RATE}")
    rates = [item["state"] for item in history[0]]
    assert "0.0" not in rates
    assert "unknown" in rates


def test_the_switch_stops_the_reading_and_the_page_says_so(
    home: HomeAssistant, door: Door, camera: FaceCamera
) -> None:
    assert camera.viewers == 1
    home.call("switch.turn_off", READING)
    home.wait_for(READING, "off")
    wait_until(lambda: camera.viewers == 0, "nobody reads the camera", 10)
    home.wait_for(EXPRESSION, "unavailable")
    home.wait_for(CAMERA, "unknown")
    assert door.live()["camera"] == "paused"
    frames = door.live()["frames"]
    with Chromium() as browser:
        browser.open(f"http://{door.page}/")
        browser.wait_for("document.getElementById('status').textContent === 'run paused'")
    door.end()  # what was switched off stays off
    door.start()
    home.wait_for(READING, "unavailable", 30)
    home.wait_for(READING, "off", 30)
    wait_until(lambda: camera.viewers == 0, "nobody reads the camera", 10)
    home.call("switch.turn_on", READING)
    home.wait_for(EXPRESSION, FACE, 30)
    assert home.state(READING) == "on"
    assert door.live()["frames"] < frames + 1000


def test_a_lost_camera_makes_the_faces_unavailable_and_nothing_else(
    home: HomeAssistant, door: Door, camera: FaceCamera
) -> None:
    camera.unplug()
    took_s = home.wait_for(EXPRESSION, "unavailable", 30)
    print(f"a lost camera is reported after {took_s:.1f} s")
    assert home.state(CAMERA) == "off"
    assert home.state(READING) == "on"
    camera.plug_in()
    home.wait_for(EXPRESSION, FACE, 60)
    assert home.state(CAMERA) == "on"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_end_of_a_run_is_told_at_once_and_its_state_never_shown_as_live(
    home: HomeAssistant, door: Door, camera: FaceCamera, number: signal.Signals
) -> None:
    door.end(number)
    print(f"{number.name} is reported after {home.wait_for(EXPRESSION, 'unavailable', 5):.1f} s")
    home.wait_for(CAMERA, "unavailable", 5)
    camera.unplug()
    door.start()  # it waits for its camera
    home.wait_for(CAMERA, "off", 40)
    for _ in range(20):
        assert home.state(EXPRESSION) == "unavailable"
        time.sleep(0.1)
    camera.plug_in()
    home.wait_for(EXPRESSION, FACE, 60)


def test_a_process_that_stands_still_is_told_and_comes_back_with_a_true_rate(
    home: HomeAssistant, door: Door
) -> None:
    started = time.time()
    door.process.send_signal(signal.SIGSTOP)
    try:
        took_s = home.wait_for(EXPRESSION, "unavailable", 100)
    finally:
        door.process.send_signal(signal.SIGCONT)
    print(f"SIGSTOP is reported after {took_s:.0f} s")
    home.wait_for(EXPRESSION, FACE, 60)
    wait_until(lambda: home.state(RATE) not in ("unknown", "unavailable"), "a rate", 60)
    since = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(started))
    history = home.get(f"/api/history/period/{since}?filter_entity_id={RATE}")
    rates = [float(item["state"]) for item in history[0] if item["state"][0].isdigit()]
    assert all(5 < rate < 12 for rate in rates), rates


def test_a_broker_that_forgets_everything_is_told_everything(
    home: HomeAssistant, door: Door, broker: BrokerProcess
) -> None:
    broker.stop()
    home.wait_for(EXPRESSION, "unavailable", 30)
    broker.start()
    home.wait_for(EXPRESSION, FACE, 90)
    home.wait_for(CAMERA, "on", 10)


def test_a_deleted_device_comes_back_with_home_assistant(home: HomeAssistant, door: Door) -> None:
    (device,) = [
        item
        for item in home.ask("config/device_registry/list")
        if item["manufacturer"] == "fer-edge"
    ]
    home.ask(
        "config/device_registry/remove_config_entry",
        device_id=device["id"],
        config_entry_id=device["config_entries"][0],
    )
    wait_until(lambda: home.state(EXPRESSION) == "missing", "it is gone", 20)
    home.stop()
    home.start()
    home.wait_for(EXPRESSION, FACE, 60)
    home.wait_for(CAMERA, "on", 10)


def test_the_page_of_the_device(home: HomeAssistant, door: Door) -> None:
    (device,) = [
        item
        for item in home.ask("config/device_registry/list")
        if item["manufacturer"] == "fer-edge"
    ]
    with Chromium() as browser:
        browser.resize(1100, 1440)
        browser.open(f"{home.url}/manifest.json")  # a page of the site without scripts
        tokens = json.dumps(json.dumps(home.tokens))
        browser.evaluate(f"localStorage.setItem('hassTokens', {tokens})")
        browser.open(f"{home.url}/config/devices/device/{device['id']}")
        browser.wait_for(f"({_DEEP_TEXT})().includes('Expression change')", 60)
        time.sleep(3)  # until the animations end
        picture = Path(os.environ["FER_EDGE_HOME_ASSISTANT"]) / "home-assistant.png"
        browser.screenshot(picture)
    print(f"for docs/images: {picture}")


def test_long_term_statistics_are_kept_of_true_values(home: HomeAssistant, door: Door) -> None:
    wanted = ["sensor.front_door_faces", "sensor.front_door_latency", RATE]

    def kept() -> dict[str, Any]:
        rows: dict[str, Any] = home.ask(
            "recorder/statistics_during_period",
            start_time="2020-01-01T00:00:00+00:00",
            statistic_ids=wanted,
            period="5minute",
        )
        return rows

    wait_until(lambda: set(kept()) == set(wanted), "five minutes are over", 400)
    assert all(row["max"] < 12 for row in kept()[RATE])
    known = {item["statistic_id"] for item in home.ask("recorder/list_statistic_ids")}
    assert known >= {*wanted, "sensor.front_door_probability", "sensor.front_door_happy"}


def test_nothing_of_ours_is_complained_of_in_its_log(home: HomeAssistant, door: Door) -> None:
    log = home.log
    assert "MQTT" in log or "mqtt" in log
    complaints = [
        line
        for line in log.splitlines()
        if (" WARNING " in line or " ERROR " in line)
        and any(word in line for word in ("mqtt", "front_door", "fer-edge", "fer_edge"))
        and not any(word in line for word in OWN_COMPLAINTS)
    ]
    assert complaints == []
