"""Names of this machine itself."""

import ipaddress
from contextlib import suppress


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, reached by no other: localhost, 127.0.0.1."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    return host == "localhost"
