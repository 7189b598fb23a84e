"""The part of a run's configuration that sends states to an MQTT broker."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fer_edge.cli.needs import Needs, reaching, together
from fer_edge.cli.option_fields import check_ranges, is_path, option
from fer_edge.errors import ConfigError, OutputError


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """States for an MQTT broker."""

    url: str | None = option(
        "--mqtt",
        metavar="URL",
        help="Send states to an MQTT broker: mqtt://[user[:password]@]host[:port]/topic, or "
        "mqtts:// for TLS. A state is JSON on topic/state, sent when a face comes, goes or looks "
        "another way; topic/availability is online or offline, and so is topic/camera; OFF to "
        "topic/reading/set pauses a camera or stream. The password may stand in "
        "FER_EDGE_MQTT_PASSWORD. Example: mqtt://homeassistant.local/fer-edge/door",
    )
    every_s: float = option(
        "--mqtt-every",
        default=30.0,
        at_least=0,
        at_most=86400,
        shows_default=True,
        metavar="SECONDS",
        help="Send a state at least so often, even if nothing changed; 0: with every frame.",
    )
    discovery: str | None = option(
        "--mqtt-discovery",
        flag_value="homeassistant",
        metavar="[PREFIX]",
        help="Announce the device to Home Assistant 2024.11 or later, under its discovery prefix "
        "(homeassistant unless changed there).",
    )
    name: str | None = option(
        "--mqtt-name",
        metavar="NAME",
        help="The device's name in Home Assistant; default: fer-edge and the topic.",
    )
    area: str | None = option(
        "--mqtt-area",
        metavar="AREA",
        help="The area that Home Assistant suggests for the device. Example: Hall",
    )
    picture: bool = option(
        "--mqtt-picture",
        default=False,
        help="Send a picture to topic/picture when the expression changes and every so often, with "
        "every face pixelated. A face that the detector misses is shown.",
    )
    ca: Path | None = option(
        "--mqtt-ca",
        metavar="FILE",
        is_place=is_path,
        must_exist=True,
        help="PEM certificates that an mqtts:// broker is checked against; default: the system's.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "mqtt")
        if self.url is not None:
            self._check(self.url)
        given = {"--mqtt-name": self.name, "--mqtt-area": self.area}
        for name, text in given.items():
            if text is not None and not (text.strip() and text.isprintable() and len(text) <= 100):
                raise ConfigError(f"{name}: {text!r} is not a name; expected 1 to 100 letters")
            if text is not None and self.discovery is None:
                raise ConfigError(f"{name} goes with --mqtt-discovery; add it")
        given = {"--mqtt-discovery": self.discovery, "--mqtt-ca": str(self.ca or "") or None}
        for name, text in (given | {"--mqtt-picture": "on" if self.picture else None}).items():
            if self.url is None and text is not None:
                raise ConfigError(f"{name} goes with --mqtt; add: --mqtt mqtt://host/topic")

    def _check(self, url: str) -> None:
        from .broker import is_topic, parse_broker

        if self.discovery is not None and not is_topic(self.discovery):
            raise ConfigError(
                f"--mqtt-discovery: {self.discovery!r} is not a topic; expected a prefix such as "
                "homeassistant"
            )
        try:
            # the password of the environment belongs to it: without a user it is a mistake, too
            parse_broker(url, os.environ)
        except OutputError as error:
            raise ConfigError(str(error)) from error

    def needs(self) -> Needs:
        """Say what it asks of the system."""
        if self.url is None:
            return Needs()
        files = Needs(reads=() if self.ca is None else (self.ca,))
        return together((files, reaching(urlsplit(self.url).hostname)))

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the password, as an environment variable."""
        if self.url is None:
            return {}
        from .broker import PASSWORD_VARIABLE

        password = urlsplit(self.url).password
        password = environment.get(PASSWORD_VARIABLE) if password is None else unquote(password)
        return {PASSWORD_VARIABLE: password} if password else {}

    def without_secrets(self) -> "MqttConfig":
        """Return the part without the password in its address."""
        password = None if self.url is None else urlsplit(self.url).password
        if self.url is None or password is None:
            return self
        return replace(self, url=self.url.replace(f":{password}@", "@", 1))
