"""MQTT sink for a test's broker, with results to write."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.publish.mqtt.broker import parse_broker
from fer_edge.runtime.publish.mqtt.states import MqttStates
from fer_edge.runtime.recognition.result import Face, Probabilities, Result

LABELS = ("sad", "happy")


@dataclass
class Camera:
    """Stand-in for a source whose state the test sets."""

    is_lost: bool = False
    is_paused: bool = False

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False


def sink_for(port: int, source: Any = None, **options: Any) -> MqttStates:
    address = parse_broker(f"mqtt://127.0.0.1:{port}/home/door", {})
    return MqttStates(address, source or object(), labels=LABELS, **options)


def is_connected(sink: MqttStates) -> bool:
    return sink._connection._connected


def result(label: str | None, track: int = 1) -> Result:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0, "test")
    if label is None:
        return Result(frame, ())
    face = Face(label, Probabilities(LABELS, (0.25, 0.75)), Box(0, 0, 2, 2), 0.9, track)
    return Result(frame, (face,))
