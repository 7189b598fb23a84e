"""States of a run for an MQTT broker."""

import json
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model

from ...capture.frame import Source
from ...device.thermals import cpu_temperature_celsius
from ...recognition.result import Result
from ..own_context import OwnContext
from ..standing import standing
from ..web.address import parse_address
from .announcement import Announcement
from .broker import Broker, parse_broker
from .connection import Connection
from .home_assistant import device_name, discovery
from .measures import Measures
from .messages import NOBODY, as_event, as_scores, as_state, unseen_state
from .schedule import Schedule

if TYPE_CHECKING:
    from .picture import CoveredPictures

SHORTEST_S = 0.5
"""Shortest interval between states: rapid changes are sent together."""
TICK_S = 0.5
"""Interval at which the camera's state is checked without a frame."""
DEVICE_S = 10.0
"""Shortest interval between device measurements."""
PICTURE_S = 5.0
"""Shortest interval between pictures."""
SUBSCRIBED_S = 2.0
"""Time that Home Assistant takes to subscribe to pictures after their announcement."""

Shown = tuple[tuple[int | None, str], ...]
"""Track and label of each face: what distinguishes states."""

log = logging.getLogger(__name__)


class MqttStates:
    """A sink that sends states to a broker: on each change, and at regular intervals without one.

    A separate thread sends what does not depend on frames: a lost camera, measurements of the
    device.
    """

    def __init__(
        self,
        broker: Broker,
        source: Source,
        *,
        labels: tuple[str, ...],
        every_s: float = 30.0,
        authorities: Path | None = None,
        announcement: Announcement | None = None,
        pictures: "CoveredPictures | None" = None,
    ) -> None:
        """Start connecting, in a separate thread; the broker need not be reachable.

        Args:
            broker: Broker to connect to.
            source: Source of the frames; it is paused and resumed if it supports that.
            labels: The model's expressions in output order.
            every_s: Longest interval between states while frames arrive; 0 is with every frame.
            authorities: PEM file of certificates to trust instead of the system's.
            announcement: Announcement for Home Assistant after each connection and each of its
                starts.
            pictures: Creates the pictures to send; None sends none.

        Raises:
            MissingExtraError: paho-mqtt is not installed.
            OutputError: The file of certificates cannot be read.
        """
        self._source = source
        self._can_pause = _can_pause(source)
        self._labels = labels
        self._announcement = announcement
        self._pictures = pictures
        self._measures = Measures()
        self._newest: Result | None = None
        self._is_seen = False  # whether a frame has come since the start or the last pause
        self._told: Shown | None = None
        self._label: str | None = None
        self._states = Schedule(shortest_s=SHORTEST_S, every_s=every_s)
        self._device = Schedule(shortest_s=DEVICE_S, every_s=max(DEVICE_S, every_s))
        self._picture = Schedule(shortest_s=PICTURE_S, every_s=max(PICTURE_S, every_s))
        self._standing_lock = threading.Lock()
        self._standing: dict[str, str] = {}
        self._ended = threading.Event()
        self._connection = Connection(
            broker,
            authorities=authorities,
            greeting=self._greeting,
            listeners=self._listeners(broker.topic),
        )
        self._thread = threading.Thread(target=self._watch, name="mqtt watch", daemon=True)
        self._thread.start()

    def write(self, result: Result) -> None:
        """Send a state if it has changed, or the last one is `every_s` old."""
        now_s = time.monotonic()
        self._measures.count(result, now_s)
        self._newest = result
        if _shown(result) != self._told:
            self._states.changed()
        if self._states.is_due(now_s):
            self._states.told(now_s)
            self._send_state(result)
        self._is_seen = True
        self._tell_standing()

    def close(self, *, complete: bool) -> None:
        """Send the last state and `offline`, and disconnect; takes at most two seconds."""
        self._ended.set()
        if self._newest is not None and _shown(self._newest) != self._told:
            self._send_state(self._newest)
        self._connection.close()
        self._thread.join(TICK_S)

    def _send_state(self, result: Result) -> None:
        faces = result.faces
        self._told = _shown(result)
        self._connection.keep("state", json.dumps(as_state(faces)))
        self._connection.keep("scores", json.dumps(as_scores(faces, self._labels)))
        before, self._label = self._label, faces[0].label if faces else NOBODY
        if before not in (None, self._label):
            self._connection.send("event", json.dumps(as_event(before, faces)))
            self._picture.changed()

    def _tell_standing(self) -> None:
        """Send the state of the camera, and of this run once there is a frame.

        A camera is `online` after its first frame only, at the start and after each pause: until
        then `state` is outdated.
        """
        with self._standing_lock:
            now = standing(self._source)
            if now == "paused":
                self._is_seen = False
            is_awaited = now == "online" and not self._is_seen
            if not self._standing:
                if is_awaited:
                    return
                if self._newest is None:  # retained states of an earlier run are outdated
                    self._connection.keep("state", json.dumps(unseen_state()))
                    self._connection.keep("scores", json.dumps(as_scores((), self._labels)))
            reading = {"reading": "OFF" if now == "paused" else "ON"}
            told = reading if self._can_pause else {}
            camera = self._standing["camera"] if is_awaited else now
            told = {**told, "camera": camera, "availability": "online"}
            for leaf, payload in told.items():
                if self._standing.get(leaf) != payload:
                    self._connection.keep(leaf, payload)
            self._standing = told

    def _watch(self) -> None:
        while not self._ended.wait(TICK_S):
            self._tell_standing()
            self._connection.tick()
            now_s = time.monotonic()
            if self._standing and self._device.is_due(now_s):
                self._device.told(now_s)
                self._connection.keep("device", json.dumps(self._measures.as_device(now_s)))
            if self._standing.get("camera") == "online" and self._picture.is_due(now_s):
                self._picture.told(now_s)
                self._send_picture()

    def _send_picture(self) -> None:
        if self._pictures is None or self._newest is None:
            return
        try:
            self._connection.send("picture", self._pictures.jpeg(self._newest))
        except Exception:  # this thread must not end silently
            log.exception(
                "MQTT: a picture could not be created; the run continues without pictures"
            )
            self._pictures = None

    def _greeting(self, own_host: str | None) -> dict[str, str]:
        if self._announcement is None:
            return {}
        # pictures are not retained, and new subscribers are not yet subscribed
        self._picture.due_s = min(self._picture.due_s, time.monotonic() + SUBSCRIBED_S)
        topic, payload = discovery(self._announcement, own_host)
        return {topic: json.dumps(payload)}

    def _listeners(self, topic: str) -> dict[str, Callable[[str], None]]:
        listeners: dict[str, Callable[[str], None]] = {}
        if self._can_pause:
            listeners[f"{topic}/reading/set"] = self._switch
        if self._announcement is not None:
            # its birth message keeps this topic even if the prefix differs
            for prefix in {"homeassistant", self._announcement.prefix}:
                listeners[f"{prefix}/status"] = self._born
        return listeners

    def _switch(self, payload: str) -> None:
        """Pause or resume the source."""
        if payload in ("ON", "OFF"):
            getattr(self._source, "resume" if payload == "ON" else "pause")()
            self._tell_standing()

    def _born(self, payload: str) -> None:
        """Announce everything again, since Home Assistant restarted or deleted the device."""
        if payload == "online":
            self._connection.greet()


def open_mqtt_states(place: str, context: OwnContext) -> MqttStates:
    """Open the sink.

    Args:
        place: Broker and topic, as in --mqtt.
        context: Its options include the intervals and the announcement to Home Assistant.

    Raises:
        MissingExtraError: paho-mqtt is not installed.
        OutputError: The address is invalid, or the file of certificates cannot be read.
        ModelError: The model to announce cannot be read.
        DetectorError: The detector of --mqtt-picture cannot be used.
    """
    mqtt, announcement, pictures = context.mqtt, None, None
    broker = parse_broker(place, os.environ)
    if mqtt.discovery is not None:
        announcement = Announcement(
            prefix=mqtt.discovery,
            topic=broker.topic,
            name=mqtt.name or device_name(broker.topic),
            area=mqtt.area,
            model=read_model(find_model(context.model)).card.name,
            labels=context.labels,
            expire_s=max(60, math.ceil(3 * mqtt.every_s)),
            page=None if context.web.address is None else parse_address(context.web.address),
            can_pause=_can_pause(context.source),
            has_picture=mqtt.picture,
            has_temperature=cpu_temperature_celsius() is not None,
        )
    if mqtt.picture:
        from .picture import CoveredPictures

        pictures = CoveredPictures()
    return MqttStates(
        broker,
        context.source,
        labels=context.labels,
        every_s=mqtt.every_s,
        authorities=mqtt.ca,
        announcement=announcement,
        pictures=pictures,
    )


def _shown(result: Result) -> Shown:
    return tuple((face.track, face.label) for face in result.faces)


def _can_pause(source: Source) -> bool:
    return callable(getattr(source, "pause", None)) and callable(getattr(source, "resume", None))
