"""Stream addresses, and their form without secrets."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from fer_edge import plugins
from fer_edge.errors import SourceError
from fer_edge.shown import without_password

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCHEME_OF_PATH = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")
"""`Path` makes one slash of two. A single letter is a Windows drive."""


def scheme_of(text: str) -> str:
    """Return the scheme of an address, in lower case; empty for a path."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def is_address(text: str) -> bool:
    """Return whether a text is an address that a source can open, and not a file name."""
    scheme = scheme_of(text)
    return bool(scheme) and plugins.is_name(plugins.SOURCES, scheme)


def address_without_password(place: str | Path) -> str:
    """Return the address that a path turns out to be, for display; empty for a path.

    An existing file with such a name is a path.
    """
    text = str(place)
    if isinstance(place, Path):
        text = _SCHEME_OF_PATH.sub(r"\1://", text)
    return without_password(text) if scheme_of(text) and not os.path.exists(place) else ""  # noqa: PTH110 - False for a name that is too long


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
