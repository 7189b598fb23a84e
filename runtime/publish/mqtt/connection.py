"""A connection to a broker that may be lost, and the data to publish whenever it is there.

Nothing is queued. The newest payload of each topic is stored and sent when the broker is connected,
so a broker that is away for a month costs as much memory as one that is away for a second. Payloads
use QoS 0: within a connection TCP delivers them, and after a new connection they are sent again.
"""

import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

from fer_edge.errors import OutputError
from fer_edge.require import require

from .broker import PASSWORD_VARIABLE, Broker
from .broker_log import BrokerLog

KEEPALIVE_S = 30
FIRST_RETRY_S = 1
LAST_RETRY_S = 60
CLOSE_S = 1.5
"""Longest delay of the end of a run by a broker that does not respond."""
LEAVES = ("state", "scores", "device", "reading", "camera", "availability")
"""Retained topics below the base topic, in sending order: a client that reads that a camera or a
run is online finds a state of this run, never of an earlier one."""

_LONGEST_PAYLOAD = 100
"""Bytes of a message that are read: all that count are words such as ON and offline."""

log = logging.getLogger(__name__)

Greeting = Callable[[str | None], Mapping[str, str]]
"""Called with this machine's address as seen by the broker; returns full topics and retained
payloads to send before all others."""


class Connection:
    """Keeps a broker up to date, in a separate thread."""

    def __init__(
        self,
        broker: Broker,
        *,
        authorities: Path | None = None,
        greeting: Greeting = lambda host: {},
        listeners: Mapping[str, Callable[[str], None]] | None = None,
    ) -> None:
        """Start connecting; the broker need not be reachable.

        Args:
            broker: Broker to connect to.
            authorities: PEM file of certificates to trust instead of the system's.
            greeting: Function with the payloads to send first after each connection.
            listeners: Functions by full topic, called with each payload in this object's thread.

        Raises:
            MissingExtraError: paho-mqtt is not installed.
            OutputError: The file of certificates cannot be read.
        """
        self._broker = broker
        self._greeting = greeting
        self._listeners = listeners or {}
        self._lock = threading.RLock()
        self._connected = self._is_answered = self._is_closed = False
        self._log = BrokerLog(broker)
        self._retry_s = FIRST_RETRY_S
        self._heard: str | None = None  # availability from the broker, since this run's last one
        self._kept = {"availability": "offline"}
        self._unsent: set[str] = set()
        self._underway: dict[str, Any] = {}
        self._client = _make_client(broker, authorities)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.will_set(self._topic("availability"), "offline", qos=1, retain=True)
        self._client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def keep(self, leaf: str, payload: str) -> None:
        """Send a retained payload now or after connecting, unless a newer one replaces it.

        Args:
            leaf: One of `LEAVES`.
            payload: Payload that replaces the previous one.
        """
        with self._lock:
            self._kept[leaf] = payload
            self._unsent.add(leaf)
            self._flush()

    def send(self, leaf: str, payload: str | bytes) -> bool:
        """Send a payload that is not retained; return False if the broker cannot be reached now."""
        with self._lock:
            is_free = self._connected and not self._is_underway(leaf)
            if is_free:
                self._publish(leaf, payload, retain=False)
            return is_free

    def tick(self) -> None:
        """Do what is due: call it at short intervals."""
        with self._lock:
            self._log.tick()
            self._correct()
            self._flush()

    def greet(self) -> None:
        """Send the greeting and all stored payloads, as after a connection."""
        with self._lock:
            if not self._connected:
                return
            for topic, payload in self._greeting(self._own_host()).items():
                self._client.publish(topic, payload, retain=True)
            self._unsent.update(self._kept)
            self._flush()

    def close(self) -> None:
        """Send `offline` and disconnect; takes at most two seconds."""
        until_s = time.monotonic() + CLOSE_S
        with self._lock:
            connected, self._connected, self._is_closed = self._connected, False, True
        if connected:
            farewell = self._client.publish(
                self._topic("availability"), "offline", qos=1, retain=True
            )
            with suppress(RuntimeError, ValueError):  # the connection was just lost
                farewell.wait_for_publish(CLOSE_S / 2)
        self._client.disconnect()
        # loop_stop waits for its thread, which may block in a connect or on a silent broker
        stopping = threading.Thread(target=self._client.loop_stop, daemon=True)
        stopping.start()
        stopping.join(max(0.1, until_s - time.monotonic()))
        if stopping.is_alive() and (connection := self._client.socket()) is not None:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def _correct(self) -> None:
        """Send everything again if `offline` comes from another run, since it is not true.

        It is the last will of a run before a power cut, which the broker sends when the keepalive
        of that run ends, or a second run on this topic that has ended. Only a run that is `online`
        answers, and only to `offline`, so two runs never answer each other in turns.
        """
        if self._heard == "offline" and self._kept["availability"] == "online":
            self._heard = None
            self._unsent.update(self._kept)

    def _flush(self) -> None:
        """Send the payloads that wait: for a connection, or for a blocked socket."""
        for leaf in LEAVES:
            if self._connected and leaf in self._unsent and not self._is_underway(leaf):
                self._publish(leaf, self._kept[leaf])
                self._unsent.discard(leaf)

    def _topic(self, leaf: str) -> str:
        return f"{self._broker.topic}/{leaf}"

    def _own_host(self) -> str | None:
        connection = self._client.socket()
        with suppress(OSError, AttributeError):  # the connection was just lost
            return str(connection.getsockname()[0])
        return None

    def _is_underway(self, leaf: str) -> bool:
        """Return whether the last payload still waits for a blocked socket."""
        last = self._underway.get(leaf)
        with suppress(RuntimeError, ValueError):  # lost together with its connection
            return last is not None and not last.is_published()
        return False

    def _publish(self, leaf: str, payload: str | bytes, *, retain: bool = True) -> None:
        if leaf == "availability":
            self._heard = None
        self._underway[leaf] = self._client.publish(self._topic(leaf), payload, retain=retain)

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        with self._lock:
            self._is_answered = True
            if reason.is_failure:
                self._log.trouble(
                    "refused",
                    f"rejects the connection ({reason}); check the user in --mqtt and the password "
                    f"there or in {PASSWORD_VARIABLE}",
                )
                return
            self._log.connected()
            if self._is_closed:
                return
            self._connected = True
            self._underway.clear()
            self.greet()
        client.subscribe(self._topic("availability"))
        for topic in self._listeners:
            client.subscribe(topic, qos=1)

    def _on_message(self, client: Any, data: Any, message: Any) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # not MQTT, and an error would end paho's thread
            return
        payload = message.payload[:_LONGEST_PAYLOAD].decode("utf-8", "replace")
        if topic == self._topic("availability"):
            with self._lock:
                self._heard = payload
        listener = self._listeners.get(topic)
        if listener is None:
            return
        try:
            listener(payload)
        except Exception as error:  # a source of another package; paho's thread must not end
            log.error("MQTT: %s has no effect: %s", topic, error)
            log.info("MQTT: %s:", topic, exc_info=error)

    def _on_connect_fail(self, client: Any, data: Any) -> None:
        error = sys.exc_info()[1]  # paho calls this during its error handling, without the error
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        with self._lock:
            self._log.trouble("away", f"cannot be reached ({reason})")

    def _on_disconnect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        with self._lock:
            connected, self._connected = self._connected, False
            answered, self._is_answered = self._is_answered, False
            if connected:  # neither rejected nor disconnected by us
                self._set_retry()
                self._log.disconnected(str(reason))
            elif not answered and not self._is_closed:
                self._log.unanswered()

    def _set_retry(self) -> None:
        """Retry later and later until a connection is steady: paho resets this after each one."""
        longer_s = min(2 * self._retry_s, LAST_RETRY_S)
        self._retry_s = FIRST_RETRY_S if self._log.is_steady() else longer_s
        self._client.reconnect_delay_set(self._retry_s, LAST_RETRY_S)


def _make_client(broker: Broker, authorities: Path | None) -> Any:
    paho = require("mqtt", "paho.mqtt.client", what="--mqtt")
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, client_id=f"fer-edge-{secrets.token_hex(6)}"
    )
    client.connect_timeout = 5.0
    client.reconnect_delay_set(FIRST_RETRY_S, LAST_RETRY_S)
    client.max_queued_messages_set(8)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.is_encrypted:
        try:
            client.tls_set(ca_certs=None if authorities is None else str(authorities))
        except OSError as error:  # ssl.SSLError is one
            raise OutputError(
                f"--mqtt-ca {authorities} cannot be used: {error.strerror or error}; expected a "
                "PEM file of certificates"
            ) from error
    return client
