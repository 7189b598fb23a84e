"""Restrictions of a unit: everything that the configuration of the run does not need.

`systemd-analyze security` counts the gaps. Directives are from systemd.exec(5) and
systemd.resource-control(5), version 252; `tests/runtime/run/test_systemd.py` starts such units.
"""

from pathlib import Path

from fer_edge.cli.needs import Needs

from .unit import Unit
from .unit_words import quote

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


def limits(needs: Needs) -> list[str]:
    """Return the restrictions that a user's manager also supports."""
    families = "AF_UNIX AF_INET AF_INET6" if needs.network or needs.loopback else "AF_UNIX"
    return [
        "UMask=0027",
        "NoNewPrivileges=yes",
        # udev events, with which libusb finds an accelerator, use netlink
        f"RestrictAddressFamilies={families}{' AF_NETLINK' if needs.accelerator else ''}",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        # libraries that try forbidden calls continue without them
        "SystemCallErrorNumber=EPERM",
    ]


def system_limits(unit: Unit, needs: Needs) -> list[str]:
    """Return the restrictions of the system's manager only; a user's could not start the unit."""
    return [
        *_user(unit),
        *_places(unit, needs),
        *_kernel(),
        *_devices(needs),
        *_network(needs),
    ]


def _user(unit: Unit) -> list[str]:
    return [
        *(["DynamicUser=yes"] if unit.user is None else [f"User={unit.user}"]),
        *([f"SupplementaryGroups={' '.join(unit.groups)}"] if unit.groups else []),
        # files and processes of other users appear as owned by nobody; device groups still work
        "PrivateUsers=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
    ]


def _places(unit: Unit, needs: Needs) -> list[str]:
    folders = sorted(set(needs.writes))
    others = [folder for folder in folders if not folder.is_relative_to(unit.state_folder)]
    return [
        f"StateDirectory={unit.name}",
        # folder with the records of tested models
        f"CacheDirectory={unit.name}",
        *([f"ReadWritePaths={' '.join(quote(str(folder)) for folder in others)}"] * bool(others)),
        "ProtectSystem=strict",
        f"ProtectHome={'read-only' if _is_at_home(unit, needs) else 'yes'}",
        "PrivateTmp=yes",
    ]


def _is_at_home(unit: Unit, needs: Needs) -> bool:
    """Return whether something that the service needs is in a home folder."""
    places = (Path(unit.executable[0]), unit.package, *needs.reads, *needs.writes)
    # a virtual environment's Python is a link, possibly to a home folder (pyenv, uv)
    python = Path(unit.executable[0]).with_name("python").resolve()
    return any(place.is_relative_to(home) for place in (*places, python) for home in _HOMES)


def _kernel() -> list[str]:
    return [
        "ProtectProc=invisible",
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
    ]


def _devices(needs: Needs) -> list[str]:
    devices = [
        *(["char-video4linux", "char-media", "char-dma_heap"] if needs.camera else []),
        *(["char-usb_device", "char-apex"] if needs.accelerator else []),
    ]
    return [
        *([] if devices else ["PrivateDevices=yes"]),
        "DevicePolicy=closed",
        *(f"DeviceAllow={device} rw" for device in devices),
    ]


def _network(needs: Needs) -> list[str]:
    if needs.network:
        return []
    if needs.loopback:
        return ["IPAddressDeny=any", "IPAddressAllow=localhost"]
    # a private network would also hide udev events
    return ["IPAddressDeny=any", *([] if needs.accelerator else ["PrivateNetwork=yes"])]
