"""The options of `fer-edge run` that send states to an MQTT broker."""

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.errors import OutputError

from ..options import NumberRange
from .address import Broker, is_topic, parse_broker

if TYPE_CHECKING:
    from .states import MqttStates


def _parsed(ctx: click.Context, param: click.Parameter, value: Any) -> Broker | None:
    """Take the address apart; what fails is not repeated, since it may hold a password."""
    try:
        return None if value is None else parse_broker(value, os.environ)
    except OutputError as error:
        raise click.UsageError(str(error), ctx) from error


def _prefix(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    if value is not None and not is_topic(value):
        raise click.BadParameter(f"{value!r} is no topic; wanted a prefix such as homeassistant")
    return value


MQTT_OPTIONS = (
    click.Option(
        ["--mqtt"],
        callback=_parsed,
        metavar="URL",
        help="Send states to an MQTT broker: mqtt://[user[:password]@]host[:port]/topic, or "
        "mqtts:// for TLS. A state is JSON on topic/state, sent when a face comes, goes or looks "
        "another way; topic/availability is online or offline. The password may stand in "
        "FER_EDGE_MQTT_PASSWORD. Example: mqtt://homeassistant.local/fer-edge/door",
    ),
    click.Option(
        ["--mqtt-every", "mqtt_every_s"],
        default=30.0,
        show_default=True,
        type=NumberRange(0, 86400),
        metavar="SECONDS",
        help="Send a state at least so often, even if nothing changed; 0: with every frame.",
    ),
    click.Option(
        ["--mqtt-discovery"],
        is_flag=False,
        flag_value="homeassistant",
        callback=_prefix,
        metavar="[PREFIX]",
        help="Announce the device to Home Assistant 2024.11 or later, under its discovery prefix "
        "(homeassistant unless changed there).",
    ),
    click.Option(
        ["--mqtt-ca"],
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="PEM certificates that an mqtts:// broker is checked against; default: the system's.",
    ),
)


def mqtt_sinks(options: dict[str, Any]) -> "list[Callable[[], MqttStates]]":
    """Return what opens the sink that the options name, if they name one.

    Raises:
        click.UsageError: An option of it stands alone.
    """
    if options["mqtt"] is not None:
        return [partial(_open_mqtt, options)]
    for name in ("mqtt_discovery", "mqtt_ca"):
        if options[name] is not None:
            raise click.UsageError(
                f"--{name.replace('_', '-')} goes with --mqtt; add: --mqtt mqtt://host/topic"
            )
    return []


def _open_mqtt(options: dict[str, Any]) -> "MqttStates":
    """Open the sink that the options name.

    Raises:
        MissingExtraError: paho-mqtt is not installed.
        OutputError: The file of certificates cannot be read.
        ModelError: The model to announce cannot be read.
    """
    from fer_edge.bundled import find_model
    from fer_edge.modelfile import read_model

    from .home_assistant import discovery
    from .states import MqttStates

    broker, every_s = options["mqtt"], options["mqtt_every_s"]
    announcement = None
    if options["mqtt_discovery"] is not None:
        card = read_model(find_model(options["model"])).card
        announcement = discovery(
            broker.topic,
            prefix=options["mqtt_discovery"],
            model=card.name,
            labels=card.labels,
            expire_s=max(60, math.ceil(3 * every_s)),
        )
    return MqttStates(
        broker, every_s=every_s, authorities=options["mqtt_ca"], announcement=announcement
    )
