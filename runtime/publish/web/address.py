"""Address of the web page, and access control."""

import errno
import re
import secrets
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from fer_edge.errors import ConfigError, OutputError
from fer_edge.loopback import is_loopback

SHORTEST_TOKEN = 12
MAX_CONNECTIONS = 256
"""Connections of 64 viewers: a browser has two for the page, and up to six while it opens it."""
_SEND_BUFFER_BYTES = 128 * 1024
_FORM = re.compile(r"((\[(?P<six>[^\[\]]+)\]|(?P<name>[^:\[\]]+)):)?(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A host and a TCP port, 0 for any free port.

    Attributes:
        host: Name or literal address, without brackets.
        port: 0 to 65535.
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """URL for a browser on this machine."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
        host = anywhere.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def parse_address(text: str) -> WebAddress:
    """Parse HOST:PORT, [IPV6]:PORT or PORT, which means the loopback address.

    Raises:
        ConfigError: It is none of these.
    """
    found = _FORM.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        raise ConfigError(
            f"--web '{text}' is not an address; expected HOST:PORT, such as 127.0.0.1:8000 or "
            "[::1]:8000"
        )
    return WebAddress(found["six"] or found["name"] or "127.0.0.1", int(found["port"]))


def chosen_token(text: str | None) -> str | None:
    """Return the token for viewers; `auto` creates one.

    Raises:
        ConfigError: It is invalid.
    """
    check_token(text)
    return secrets.token_urlsafe(18) if text == "auto" else text or None


def check_token(text: str | None) -> None:
    """Reject a token that viewers cannot use.

    Raises:
        ConfigError: It is short enough to be guessed, or cannot be sent in a header.
    """
    if not text or text == "auto":
        return
    if len(text) < SHORTEST_TOKEN or not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ConfigError(
            f"the web token is invalid; expected {SHORTEST_TOKEN} or more printable ASCII "
            "characters without spaces; --web-token auto creates one"
        )


def needs_token(address: WebAddress) -> ConfigError:
    """Return the error for a page that others can reach, without a token."""
    return ConfigError(
        f"--web {address.host} can be reached from other machines, so viewers need a token: "
        "add --web-token auto, in a service --web-token TOKEN (or set FER_EDGE_WEB_TOKEN), or use "
        f"--web 127.0.0.1:{address.port}"
    )


def listen(address: WebAddress, *, has_token: bool) -> tuple[WebAddress, list[socket.socket]]:
    """Open a listening socket on each address of a host.

    Args:
        address: Address to listen on.
        has_token: Whether viewers need a token: without one, only loopback is allowed.

    Returns:
        The address with the actual port, and the sockets.

    Raises:
        ConfigError: The host is not loopback, and the token is missing.
        OutputError: The host is unknown, or the port is not available.
    """
    places = _resolve(address)
    if not has_token and not all(is_loopback(host) for _, host in places):
        raise needs_token(address)
    sockets: list[socket.socket] = []
    refusal: OSError | None = None
    port = address.port
    with ExitStack() as on_failure:
        for family, host in places:
            opened = on_failure.enter_context(socket.socket(family, socket.SOCK_STREAM))
            try:
                _bind(opened, host, port)
            except OSError as error:  # "localhost" may be ::1 on a machine without IPv6
                refusal = error
                opened.close()
                continue
            port = opened.getsockname()[1]
            sockets.append(opened)
        if not sockets:
            raise _refused(address, refusal) from refusal
        on_failure.pop_all()
    return WebAddress(address.host, port), sockets


def _resolve(address: WebAddress) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise OutputError(
            f"--web: host '{address.host}' is unknown here ({error.args[-1]}); expected an "
            "address of this machine, such as 127.0.0.1"
        ) from error
    # a scope (fe80::1%eth0) is part of the host
    return list(dict.fromkeys((family, str(place[0])) for family, _, _, _, place in found))


def _bind(opened: socket.socket, host: str, port: int) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # inherited by connections: otherwise the kernel queues megabytes of old frames for a slow
    # viewer
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    place = socket.getaddrinfo(host, port, opened.family, socket.SOCK_STREAM)[0][4]
    opened.bind(place)
    opened.listen(MAX_CONNECTIONS)
    opened.setblocking(False)


def _refused(address: WebAddress, error: OSError | None) -> OutputError:
    advice = "pass another address"
    if isinstance(error, PermissionError):
        advice = "a port below 1024 needs root; pass a higher one, such as 8000"
    elif error is not None and error.errno == errno.EADDRINUSE:
        advice = "another program uses it; stop that program or pass another port"
    elif error is not None and error.errno == errno.EADDRNOTAVAIL:
        advice = "this machine does not have this address; try 127.0.0.1"
    return OutputError(
        f"--web {address.host}:{address.port} cannot be opened "
        f"({error.strerror if error else 'no address'}): {advice}"
    )
