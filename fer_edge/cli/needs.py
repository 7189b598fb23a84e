"""System resources that a run needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fer_edge.loopback import is_loopback


@dataclass(frozen=True, slots=True)
class Needs:
    """System resources that a configuration, or a part of it, needs.

    Attributes:
        reads: Files and folders to read.
        writes: Folders to write into.
        camera: Whether a camera of this device is opened.
        accelerator: Whether the device of a delegate is opened.
        network: Whether other machines are contacted.
        loopback: Whether programs of this machine are contacted.
        prints: Whether results on standard output were requested.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    camera: bool = False
    accelerator: bool = False
    network: bool = False
    loopback: bool = False
    prints: bool = False


def reaching(host: str | None) -> Needs:
    """Return the needs for contacting a host."""
    return Needs(loopback=True) if is_loopback(host or "") else Needs(network=True)


def reaching_address(address: str) -> Needs:
    """Return the needs for contacting the host of an address with ://."""
    try:
        return reaching(urlsplit(address).hostname)
    except ValueError:  # such as [ without ]
        return reaching(None)


def together(parts: Iterable[Needs]) -> Needs:
    """Return the needs of all parts together."""
    parts = tuple(parts)
    return Needs(
        reads=tuple(path for part in parts for path in part.reads),
        writes=tuple(path for part in parts for path in part.writes),
        camera=any(part.camera for part in parts),
        accelerator=any(part.accelerator for part in parts),
        network=any(part.network for part in parts),
        loopback=any(part.loopback for part in parts),
        prints=any(part.prints for part in parts),
    )
