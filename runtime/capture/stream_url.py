"""Stream addresses, and their form without secrets."""

import re
from urllib.parse import urlsplit

from fer_edge import plugins
from fer_edge.errors import SourceError
from fer_edge.shown import without_password

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def scheme_of(text: str) -> str:
    """Return the scheme of an address, in lower case; empty for a path."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def is_address(text: str) -> bool:
    """Return whether a text is an address that a source can open, and not a file name."""
    scheme = scheme_of(text)
    return bool(scheme) and plugins.is_name(plugins.SOURCES, scheme)


def check_url(url: str) -> None:
    """Reject an address without a host, or with an invalid port.

    Raises:
        SourceError: The address was rejected.
    """
    try:
        url.encode()
        parts = urlsplit(url)
        # udp://:5000 and udp://@:5000 listen on every interface
        if parts.hostname or (parts.scheme in ("udp", "rtp", "tcp") and parts.port):
            _ = parts.port
            return
    except ValueError:  # such as [ without ], an invalid port, or not UTF-8
        pass
    raise SourceError(
        f"{without_password(url)} is not a valid stream address; expected "
        "rtsp://USER:PASSWORD@HOST:PORT/PATH, with / ? # @ in a password written as %2F %3F "
        "%23 %40"
    )
