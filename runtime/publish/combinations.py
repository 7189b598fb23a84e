"""Outputs and options that cannot work together, found before anything is opened."""

import ipaddress
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from fer_edge.cli.option_fields import option_fields
from fer_edge.cli.written_files import check_written
from fer_edge.errors import ConfigError
from fer_edge.loopback import is_loopback

from .chosen_sink import ChosenSink
from .config import OutputsConfig
from .mqtt.config import MqttConfig
from .web.config import TOKEN_VARIABLE, WebConfig

_EXAMPLES = {
    "gif": "--gif FILE.gif",
    "web": "--web 127.0.0.1:8000",
    "mqtt": "--mqtt mqtt://host/topic",
}
"""For each output that has options, how to request it.

Not for JSON lines, which are on by default: --quiet and --jsonl none switch them off on purpose,
for example those of a configuration file with jsonl_on.
"""


def check_outputs(
    outputs: OutputsConfig, web: WebConfig, mqtt: MqttConfig, environment: Mapping[str, str]
) -> None:
    """Reject outputs and options that no environment can complete.

    Raises:
        ConfigError: A place is not one of its output, two outputs share a place, the token is
            invalid, or an option belongs to an output that is not requested.
    """
    sinks = _sinks(outputs, web, mqtt)
    for sink in sinks:
        sink.check()
    _check_stdout(outputs, sinks)
    check_written(outputs.files(), ())
    names = {sink.name for sink in sinks}
    if "web" in names:
        from .web.address import check_token

        check_token(web.token)
    if web.token != environment.get(TOKEN_VARIABLE):  # which may be set for the whole machine
        _check_used(web, {"token": "web"}, names)
    _check_used(web, {"fps": "web"}, names)
    _check_used(mqtt, {"every_s": "mqtt"}, names)
    _check_used(outputs, {"gif_seconds": "gif", "gif_width_px": "gif"}, names)


def check_complete_outputs(outputs: OutputsConfig, web: WebConfig) -> None:
    """Reject outputs that lack what the environment may contain.

    Raises:
        ConfigError: An output has no place, or a page that others can reach has no token.
    """
    for sink in _sinks(outputs, web, MqttConfig()):
        if sink.lacks_place:
            raise ConfigError(f"{sink.option} has no place; expected {sink.option}=PLACE")
        if sink.name == "web" and not web.token:
            from .web.address import needs_token, parse_address

            address = parse_address(sink.place)
            if _is_public(address.host):
                raise needs_token(address)


def _sinks(outputs: OutputsConfig, web: WebConfig, mqtt: MqttConfig) -> tuple[ChosenSink, ...]:
    own = {"web": web.address, "mqtt": mqtt.url}
    return (
        *(ChosenSink(name, place, f"--{name}") for name, place in own.items() if place is not None),
        *outputs.file_sinks(),
        *outputs.named_sinks(),
    )


def _check_stdout(outputs: OutputsConfig, sinks: Iterable[ChosenSink]) -> None:
    printing = [sink.option for sink in sinks if sink.prints]
    if len(printing) > 1:
        advice = "; add --jsonl none" if "--jsonl" in printing and outputs.jsonl is None else ""
        raise ConfigError(f"{' and '.join(printing)} cannot share stdout{advice}")


def _check_used(part: Any, outputs: Mapping[str, str], requested: set[str]) -> None:
    """Reject a field other than its default if its output is not requested.

    Args:
        part: Part of the configuration.
        outputs: Output of each field.
        requested: Requested outputs.
    """
    fields, default = dict(option_fields(part)), type(part)()
    for name, output in outputs.items():
        if output not in requested and getattr(part, name) != getattr(default, name):
            flag = fields[name].flags[0]
            raise ConfigError(f"{flag} needs --{output}; add: {_EXAMPLES[output]}")


def _is_public(host: str) -> bool:
    """Return whether a literal address can be reached by others; a name is resolved later."""
    with suppress(ValueError):
        ipaddress.ip_address(host.partition("%")[0])
        return not is_loopback(host)
    return False
