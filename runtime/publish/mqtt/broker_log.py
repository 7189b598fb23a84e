"""Log of a broker's connection: each trouble once, and its end once it has lasted."""

import logging
import time
from typing import Literal

from .broker import Broker

STEADY_S = 10.0
"""A connection that has lasted this long ends a trouble."""

Trouble = Literal["away", "mute", "refused"]

log = logging.getLogger(__name__)


class BrokerLog:
    """Logs each kind of trouble once until a connection is steady.

    A broker that accepts and drops connections, or fails in turns, does not fill the log.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._told: set[Trouble] = set()
        self._connected_s: float | None = None
        self._was_connected = False

    def connected(self) -> None:
        """Note a connection; after a trouble it is logged by `tick`."""
        self._connected_s, self._was_connected = time.monotonic(), True
        if not self._told:
            log.info("MQTT broker %s is connected", self._broker)

    def tick(self) -> None:
        """Log the end of the trouble once a connection is steady."""
        if self._told and self.is_steady():
            self._told.clear()
            log.warning("MQTT broker %s is connected", self._broker)

    def is_steady(self) -> bool:
        """Return whether there is a connection that has lasted for some seconds."""
        return self._connected_s is not None and time.monotonic() - self._connected_s >= STEADY_S

    def disconnected(self, reason: str) -> None:
        """Log the end of a connection.

        Args:
            reason: paho's name of the reason; `Unspecified error` says nothing.
        """
        known = "" if reason == "Unspecified error" else f" ({reason})"
        if not known and not self.is_steady():
            known = " soon after connecting (its own log may name the reason)"
        self.trouble("away", f"disconnected{known}")

    def unanswered(self) -> None:
        """Log the end of a connection without any answer from a broker."""
        # after a connection the port is right: a proxy, for example, accepts for a broker that is
        # just starting
        kind: Trouble = "away" if self._was_connected else "mute"
        hint = "" if self._broker.is_encrypted else "; a port for TLS needs mqtts://"
        self.trouble(kind, f"gives no MQTT answer (check the port{hint})")

    def trouble(self, kind: Trouble, what: str) -> None:
        """Log a trouble, unless its kind is already known."""
        self.tick()
        self._connected_s = None
        if kind in self._told:
            return
        self._told.add(kind)
        log.warning(
            "MQTT broker %s %s; the run continues and sends states when it is back",
            self._broker,
            what,
        )
