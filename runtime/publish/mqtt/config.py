"""The part of a run's configuration for an MQTT broker."""

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
        help="MQTT broker to send states to: mqtt://[user[:password]@]host[:port]/topic, or "
        "mqtts:// for TLS. A state is JSON on topic/state, sent when a face appears, "
        "leaves or changes its expression; topic/availability is online or offline, and so "
        "is topic/camera; OFF sent to topic/reading/set pauses a camera or stream. The "
        "password can be set in FER_EDGE_MQTT_PASSWORD. Example: "
        "mqtt://homeassistant.local/fer-edge/door",
    )
    every_s: float = option(
        "--mqtt-every",
        default=30.0,
        at_least=0,
        at_most=86400,
        shows_default=True,
        metavar="SECONDS",
        help=(
            "Longest time between two states in seconds, even if nothing changed; 0: with "
            "every frame."
        ),
    )
    discovery: str | None = option(
        "--mqtt-discovery",
        flag_value="homeassistant",
        metavar="[PREFIX]",
        help="Announce the device to Home Assistant 2024.11 or later, under its discovery "
        "prefix (default: homeassistant).",
    )
    name: str | None = option(
        "--mqtt-name",
        metavar="NAME",
        help="Name of the device in Home Assistant. Default: fer-edge and the topic.",
    )
    area: str | None = option(
        "--mqtt-area",
        metavar="AREA",
        help="Area that Home Assistant suggests for the device. Example: Hall",
    )
    picture: bool = option(
        "--mqtt-picture",
        default=False,
        help="Send a picture to topic/picture when the expression changes and at regular "
        "intervals, with every face pixelated. A face that the detector misses stays "
        "visible.",
    )
    ca: Path | None = option(
        "--mqtt-ca",
        metavar="FILE",
        is_place=is_path,
        must_exist=True,
        help=(
            "PEM file of certificates to check an mqtts:// broker against. Default: the system's."
        ),
    )

    def __post_init__(self) -> None:
        check_ranges(self, "mqtt")
        if self.url is not None:
            self._check(self.url)
        given = {"--mqtt-name": self.name, "--mqtt-area": self.area}
        for name, text in given.items():
            if text is not None and not (text.strip() and text.isprintable() and len(text) <= 100):
                raise ConfigError(
                    f"{name}: {text!r} is not a valid name; expected 1 to 100 characters without "
                    "line breaks and control characters, not only spaces"
                )
            if text is not None and self.discovery is None:
                raise ConfigError(f"{name} needs --mqtt-discovery; add it")
        given = {"--mqtt-discovery": self.discovery, "--mqtt-ca": str(self.ca or "") or None}
        for name, text in (given | {"--mqtt-picture": "on" if self.picture else None}).items():
            if self.url is None and text is not None:
                raise ConfigError(f"{name} needs --mqtt; add: --mqtt mqtt://host/topic")

    def _check(self, url: str) -> None:
        from .broker import is_topic, parse_broker

        if self.discovery is not None and not is_topic(self.discovery):
            raise ConfigError(
                f"--mqtt-discovery: {self.discovery!r} is not a topic; expected a prefix such as "
                "homeassistant"
            )
        try:
            # the environment's password belongs to it: without a user this is also an error
            broker = parse_broker(url, os.environ)
        except OutputError as error:
            raise ConfigError(str(error)) from error
        if self.ca is not None and not broker.is_encrypted:
            raise ConfigError("--mqtt-ca is for an mqtts:// broker; mqtt:// is not encrypted")

    def needs(self) -> Needs:
        """Return the system resources that it needs."""
        if self.url is None:
            return Needs()
        files = Needs(reads=() if self.ca is None else (self.ca,))
        return together((files, reaching(urlsplit(self.url).hostname)))

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the password as an environment variable."""
        if self.url is None:
            return {}
        from .broker import PASSWORD_VARIABLE

        password = urlsplit(self.url).password
        password = environment.get(PASSWORD_VARIABLE) if password is None else unquote(password)
        return {PASSWORD_VARIABLE: password} if password else {}

    def without_secrets(self) -> "MqttConfig":
        """Return the part without the password in its address."""
        if self.url is None:
            return self
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        netloc = user.partition(":")[0] + at + host
        return replace(self, url=parts._replace(netloc=netloc).geturl())
