"""A file of hosts.

model = "compact"                  # for hosts without their own model
config = "door.toml"               # paths start at the folder of this file

[hosts.door]
address = "pi@door.local"          # name for ssh; default: the host's name
groups = ["office"]

[hosts.kitchen]
config = "kitchen.toml"
system = true                      # same as --system; at the top level for all hosts
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from fer_edge.documents import read_toml
from fer_edge.errors import ConfigError
from fer_edge.model.bundled import bundled_models
from fer_edge.schema import SchemaError, decode


@dataclass(frozen=True, slots=True)
class Host:
    """A device of a fleet.

    Attributes:
        address: Name for ssh.
        model: Name of a bundled model, or a file; None for the fleet's.
        config: Configuration file of `fer-edge run`; None for the fleet's.
        groups: Names that select several hosts.
        system: Whether it is a system service, as with --system; None for the fleet's setting.
    """

    address: str = ""
    model: str | None = None
    config: Path | None = None
    groups: tuple[str, ...] = ()
    system: bool | None = None


@dataclass(frozen=True, slots=True)
class _Top:
    model: str | None = None
    config: Path | None = None
    system: bool = False


_TOP_KEYS = ("hosts", *(field.name for field in fields(_Top)))


def read_fleet(path: Path) -> dict[str, Host]:
    """Read the hosts of a file by name, in file order.

    Raises:
        ConfigError: It cannot be read, is not TOML, or has a wrong key or value.
    """
    try:
        data = read_toml(path)
        _check_top(data)
        hosts = data.pop("hosts", {})
        if not isinstance(hosts, dict) or not hosts:
            raise SchemaError("no host given; expected tables such as [hosts.door]")
        top = decode(_Top, data)
        return {
            name: _completed(name, decode(Host, item, where=f"hosts.{name}"), top, path.parent)
            for name, item in hosts.items()
        }
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; see docs/how-to/fleet.md"
        ) from error
    except SchemaError as error:
        raise ConfigError(f"{path}: {error}") from error


def choose_hosts(fleet: dict[str, Host], words: Sequence[str]) -> dict[str, Host]:
    """Return the hosts selected by names and groups; all if none is given.

    Raises:
        ConfigError: A word is neither a host nor a group.
    """
    if not words:
        return fleet
    groups = {group for host in fleet.values() for group in host.groups}
    for word in words:
        if word not in fleet and word not in groups:
            known = [*fleet, *sorted(groups)]
            near = difflib.get_close_matches(word, known, n=1)
            advice = f"did you mean '{near[0]}'?" if near else f"known names: {', '.join(known)}"
            raise ConfigError(f"'{word}' is neither a host nor a group of the fleet; {advice}")
    return {
        name: host
        for name, host in fleet.items()
        if name in words or not set(words).isdisjoint(host.groups)
    }


def _check_top(data: dict[str, object]) -> None:
    """Suggest a similar top-level key, including tables."""
    for key in data:
        near = difflib.get_close_matches(key, _TOP_KEYS, n=1)
        if key not in _TOP_KEYS:
            advice = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(_TOP_KEYS)}"
            raise SchemaError(f"unknown key '{key}'; {advice}")


def _completed(name: str, host: Host, top: _Top, folder: Path) -> Host:
    model, config = host.model or top.model, host.config or top.config
    if model is not None and model not in bundled_models():
        model = str(folder / model)
    config = None if config is None else folder / config
    system = top.system if host.system is None else host.system
    return replace(host, address=host.address or name, model=model, config=config, system=system)
