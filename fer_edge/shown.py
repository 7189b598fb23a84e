"""What may be shown of text that others wrote: in one line, and without secrets.

Every log line and every error of the command line passes `masked`: addresses lose user, password
and query (which holds keys), secrets that the program was given are replaced wherever they
stand, and control characters reach no terminal.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, unquote_plus

MASK = "..."
_SHORTEST_SECRET = 4
"""A shorter one would blank out half of every line."""

_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://(?!USER:PASSWORD@)[^\s'\"<>]+")
_USER_AND_PASSWORD = re.compile(r"(?:\b[^\s/'\"<>@:]{1,100})?:(?!//|PASSWORD@)[^\s'\"<>@]{1,200}@")
"""In what was meant to be an address and has a slip of the pen before it."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_secrets: set[str] = set()


def hide(secret: str) -> None:
    """Replace a secret, as it is and in the escapes of addresses, in all that `masked` shows."""
    forms = {secret, unquote(secret), unquote_plus(secret), quote(secret), quote(secret, safe="")}
    _secrets.update(form for form in forms if len(form) >= _SHORTEST_SECRET)


def hide_secrets_of(environment: Mapping[str, str]) -> None:
    """Hide what the environment variables of fer-edge hold: tokens, passwords, addresses."""
    for name, value in environment.items():
        if name.startswith("FER_EDGE_") and name.endswith(("_TOKEN", "_PASSWORD")):
            hide(value)
        elif name.startswith("FER_EDGE_") and "://" in value:
            hide_address(value)


def hide_address(address: str) -> None:
    """Hide the password and the query of an address, if it has any."""
    authority = re.split(r"[/?#]", address.partition("://")[2], maxsplit=1)[0]
    user = authority.rpartition("@")[0]
    hide(user.partition(":")[2])
    hide(address.partition("?")[2])


def masked(text: str) -> str:
    """Return a text without the secrets that are known, and without those of addresses in it.

    Control characters, which a terminal would obey, become question marks; line breaks stay.
    """
    text = _CONTROLS.sub("?", text)
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _ADDRESS.sub(lambda found: without_password(found[0]), text)
    return _USER_AND_PASSWORD.sub(f"{MASK}@", text)


def without_password(url: str) -> str:
    """Return an address as it may be shown: without user, password and query (which holds keys)."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    _, at, host = authority.rpartition("@")
    # where a password holds a bare / ? or #, nobody can tell what is host and what is secret
    if "@" in behind or (not at and not re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host)):
        return f"{scheme}://{MASK}"
    path = re.split(r"[?#]", behind, maxsplit=1)[0]
    return f"{scheme}://{host}{path}"


def printable(text: object, most: int = 80) -> str:
    """Make what a file says fit for one line of a terminal: no control characters, not too long."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text)[:most])
