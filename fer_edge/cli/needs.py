"""What a run asks of the system that it runs on."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Needs:
    """What a configuration, or a part of it, asks of the system.

    Attributes:
        reads: Files and folders that it reads.
        writes: Files and folders that it writes.
        camera: Whether it opens a camera of this device.
        accelerator: Whether it opens a delegate's device.
        network: Whether it talks to a network.
        loopback: Whether it talks to programs of this machine.
        prints: Whether its results on standard output were asked for.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    camera: bool = False
    accelerator: bool = False
    network: bool = False
    loopback: bool = False
    prints: bool = False


def reaching(host: str | None) -> Needs:
    """Return what talking to a host needs."""
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        is_here = False
    return Needs(loopback=True) if is_here else Needs(network=True)


def together(parts: Iterable[Needs]) -> Needs:
    """Return what all parts ask for."""
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
