"""Addresses of streams, and how they may be shown."""

import re
from urllib.parse import urlsplit

from fer_edge.errors import SourceError

SCHEMES = (
    *("rtsp", "rtsps", "http", "https", "rtmp", "rtmps"),
    *("udp", "rtp", "tcp", "srt"),
)
"""Those that `StreamCapture` opens. PyAV's wheels lack srt, and then say so in one line."""


def is_address(text: str) -> bool:
    """Return whether a text is the address of a stream and not the name of a file."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def check_url(url: str) -> None:
    """Refuse an address without a host, or with a port that is not a number.

    Raises:
        SourceError: It is one of these.
    """
    try:
        url.encode()
        parts = urlsplit(url)
        # udp://:5000 and udp://@:5000 listen on every interface
        if parts.hostname or (parts.scheme in ("udp", "rtp", "tcp") and parts.port):
            _ = parts.port
            return
    except ValueError:  # such as [ without ], a port that is not a number, or not UTF-8
        pass
    raise SourceError(
        f"{without_password(url)} is not a valid address of a stream; expected "
        "rtsp://USER:PASSWORD@HOST:PORT/PATH, with / ? # @ in a password as %2F %3F %23 %40"
    )


def without_password(url: str) -> str:
    """Return an address as it may be shown: without user, password and query (which holds keys)."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    _, at, host = authority.rpartition("@")
    # where a password holds a bare / ? or #, nobody can tell what is host and what is secret
    if "@" in behind or (not at and not re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host)):
        return f"{scheme}://..."
    path = re.split(r"[?#]", behind, maxsplit=1)[0]
    return f"{scheme}://{host}{path}"
