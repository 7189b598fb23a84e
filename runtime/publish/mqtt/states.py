"""Expressions for a home: states to an MQTT broker, which may come and go.

Nothing is queued. One newest state is kept and sent when the broker is there, so a broker that is
away for a month costs as much memory as one that is away for a second. States go out with QoS 0:
within a connection TCP delivers them, and after a new connection the newest is sent again.
"""

import json
import logging
import math
import os
import secrets
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any, Literal

from fer_edge.errors import OutputError
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from fer_edge.require import require

from ...recognition.result import Face, Result
from ...timing.frame_rate import FrameRate
from ..own_context import OwnContext
from .broker import PASSWORD_VARIABLE, Broker, parse_broker
from .home_assistant import discovery

SHORTEST_S = 0.5
"""Changes that follow each other faster are told together: a flicker is no news."""
KEEPALIVE_S = 30
CLOSE_S = 1.5
"""How long a broker that does not answer may hold up the end of a run."""

Standing = Literal["new", "connected", "away", "refused"]

log = logging.getLogger(__name__)


class MqttStates:
    """A sink that tells a broker who looks how: on each change, and every so often without one."""

    def __init__(
        self,
        broker: Broker,
        *,
        every_s: float = 30.0,
        authorities: Path | None = None,
        announcement: tuple[str, dict[str, Any]] | None = None,
    ) -> None:
        """Start connecting, in a thread of its own; the broker need not be there.

        Args:
            broker: Where to.
            every_s: A state is sent at least so often while frames come; 0 is with every frame.
            authorities: PEM file of certificates to trust instead of the system's.
            announcement: Topic and payload of a retained message sent after each connection.

        Raises:
            MissingExtraError: paho-mqtt is not installed.
            OutputError: The file of certificates cannot be read.
        """
        self._broker = broker
        self._every_s = every_s
        self._announcement = announcement
        self._lock = threading.Lock()
        self._connected = False
        self._is_closed = False
        self._standing: Standing = "new"
        self._state: str | None = None
        self._underway: Any = None
        self._rate = FrameRate()
        self._faces: tuple[Face, ...] = ()
        self._told: tuple[tuple[int | None, str], ...] | None = None
        self._sent_s = self._due_s = float("-inf")
        self._client = _make_client(broker, authorities)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.will_set(f"{broker.topic}/availability", "offline", qos=1, retain=True)
        self._client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def write(self, result: Result) -> None:
        """Send a state if it is another one, or the last is `every_s` old."""
        now_s = time.monotonic()
        self._rate.count(now_s)
        self._faces = result.faces
        shown = tuple((face.track, face.label) for face in result.faces)
        if shown != self._told:
            self._due_s = min(self._due_s, self._sent_s + SHORTEST_S)
        if now_s >= self._due_s:
            self._told, self._sent_s, self._due_s = shown, now_s, now_s + self._every_s
            self._send_state()

    def close(self, *, complete: bool) -> None:
        """Say the last state and `offline`, and take leave; at most two seconds."""
        until_s = time.monotonic() + CLOSE_S
        if self._told != tuple((face.track, face.label) for face in self._faces):
            self._send_state()
        with self._lock:
            connected, self._connected, self._is_closed = self._connected, False, True
        if connected:
            farewell = self._publish("availability", "offline", qos=1)
            with suppress(RuntimeError, ValueError):  # the connection broke in this moment
                farewell.wait_for_publish(CLOSE_S / 2)
        self._client.disconnect()
        # loop_stop waits for its thread, which may hang in a connect or on a mute broker
        stopping = threading.Thread(target=self._client.loop_stop, daemon=True)
        stopping.start()
        stopping.join(max(0.1, until_s - time.monotonic()))
        if stopping.is_alive() and (connection := self._client.socket()) is not None:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def _send_state(self) -> None:
        state = json.dumps(as_state(self._faces, self._rate.hz(time.monotonic())))
        with self._lock:
            self._state = state
            if self._connected and not self._is_underway():
                self._underway = self._publish("state", state)

    def _is_underway(self) -> bool:
        """Return whether the last state still waits for a socket that takes nothing."""
        with suppress(RuntimeError, ValueError):  # lost with its connection
            return self._underway is not None and not self._underway.is_published()
        return False

    def _publish(self, leaf: str, payload: str, qos: int = 0) -> Any:
        return self._client.publish(f"{self._broker.topic}/{leaf}", payload, qos=qos, retain=True)

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        if reason.is_failure:
            self._report(
                "refused",
                f"refuses the connection ({reason}); check the user in --mqtt and the password "
                f"there or in {PASSWORD_VARIABLE}",
            )
            return
        self._report("connected")
        with self._lock:
            if self._is_closed:
                return
            if self._announcement is not None:
                topic, payload = self._announcement
                client.publish(topic, json.dumps(payload), retain=True)
            self._publish("availability", "online")
            if self._state is not None:
                self._underway = self._publish("state", self._state)
            self._connected = True

    def _on_connect_fail(self, client: Any, data: Any) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles the error, and names none
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self._report("away", f"cannot be reached ({reason})")

    def _on_disconnect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        with self._lock:
            connected, self._connected = self._connected, False
        if connected:  # neither refused nor taken leave of
            self._report("away", "has gone")

    def _report(self, standing: Standing, trouble: str = "") -> None:
        """Say once what changed, not each failed try."""
        if standing == self._standing:
            return
        before, self._standing = self._standing, standing
        if standing == "connected":
            level = logging.INFO if before == "new" else logging.WARNING
            log.log(level, "MQTT broker %s: connected", self._broker)
        else:
            log.warning(
                "MQTT broker %s %s; the run goes on, states follow when it answers",
                self._broker,
                trouble,
            )


def open_mqtt_states(place: str, context: OwnContext) -> MqttStates:
    """Open the sink.

    Args:
        place: The broker and the topic, as --mqtt has them.
        context: Its options say how often, and whether Home Assistant hears of it.

    Raises:
        MissingExtraError: paho-mqtt is not installed.
        OutputError: The address will not do, or the file of certificates cannot be read.
        ModelError: The model to announce cannot be read.
    """
    mqtt, announcement = context.mqtt, None
    broker = parse_broker(place, os.environ)
    if mqtt.discovery is not None:
        announcement = discovery(
            broker.topic,
            prefix=mqtt.discovery,
            model=read_model(find_model(context.model)).card.name,
            labels=context.labels,
            expire_s=max(60, math.ceil(3 * mqtt.every_s)),
        )
    return MqttStates(broker, every_s=mqtt.every_s, authorities=mqtt.ca, announcement=announcement)


def as_state(faces: tuple[Face, ...], rate_hz: float) -> dict[str, Any]:
    """Return what is sent: the largest face's label, and every face with its scores.

    `label` and `probability` are null without a face; `time` is UTC.
    """
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "frame_rate_hz": round(rate_hz, 1),
        "count": len(faces),
        "label": faces[0].label if faces else None,
        "probability": round(faces[0].probability, 4) if faces else None,
        "faces": [
            {
                "track": face.track,
                "label": face.label,
                "scores": {label: round(share, 4) for label, share in face.probabilities.items()},
            }
            for face in faces
        ],
    }


def _make_client(broker: Broker, authorities: Path | None) -> Any:
    paho = require("mqtt", "paho.mqtt.client", what="--mqtt")
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, client_id=f"fer-edge-{secrets.token_hex(6)}"
    )
    client.connect_timeout = 5.0
    client.reconnect_delay_set(min_delay=1, max_delay=60)
    client.max_queued_messages_set(8)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.is_encrypted:
        try:
            client.tls_set(ca_certs=None if authorities is None else str(authorities))
        except OSError as error:  # ssl.SSLError is one
            raise OutputError(
                f"--mqtt-ca {authorities} cannot be used: {error.strerror or error}; "
                "expected a PEM file of certificates"
            ) from error
    return client
