"""Untrusted text for display: in one line, and without secrets.

Every log line and every error goes through `masked`: it removes user, password
and query (which contains keys) from addresses, replaces the secrets of the program wherever they
occur, and removes control characters.
"""

import re
import unicodedata
from urllib.parse import quote, unquote, unquote_plus

MASK = "..."
_SHORTEST_SECRET = 4
"""A shorter secret would mask half of every line."""

_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://(?!USER:PASSWORD@)[^\s'\"<>]+")
_USER_AND_PASSWORD = re.compile(r"(?:\b[^\s/'\"<>@:]{1,100})?:(?!//|PASSWORD@)[^\s'\"<>@]{1,200}@")
"""Mask in a malformed address with a typing error before its password."""

_PATH_SECRET = re.compile(r"(?i)(user(name)?|pass(word|wd)?|pwd|token|key|secret)=")
_RTMP_KEY = re.compile(r"(?<=[^/]/)(?<!^/)[^/].*")

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal interprets, and what shows a text in another order than it is."""

_CELL_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FORMULA = ("=", "+", "-", "@", "'")

_LINE_BREAKS = "\r\n\v\f\x1c\x1d\x1e\x85"
_UNWRITABLE = {
    "Cc": "a control character",
    "Cs": "a character that is not UTF-8",
    **dict.fromkeys(("Zl", "Zp"), "a line break"),
}
"""Unicode category -> description."""

_secrets: set[str] = set()


def hide(secret: str) -> None:
    """Mask a secret, literally and in percent-encoded form, in everything that `masked` returns."""
    forms = {secret, unquote(secret), unquote_plus(secret), quote(secret), quote(secret, safe="")}
    _secrets.update(form for form in forms if len(form) >= _SHORTEST_SECRET)


def hide_address(address: str) -> None:
    """Mask the password and the query of an address, if any."""
    authority = re.split(r"[/?#]", address.partition("://")[2], maxsplit=1)[0]
    user = authority.rpartition("@")[0]
    hide(user.partition(":")[2])
    hide(address.partition("?")[2])


def masked(text: str) -> str:
    """Return a text without known secrets, and without those in its addresses.

    Control characters become question marks, as in `without_controls`.
    """
    text = without_controls(text)
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _ADDRESS.sub(lambda found: without_password(found[0]), text)
    return _USER_AND_PASSWORD.sub(f"{MASK}@", text)


def without_controls(text: str) -> str:
    """Return a text with "?" for what a terminal would interpret; line breaks and tabs stay."""
    return _CONTROLS.sub("?", text)


def without_password(url: str) -> str:
    """Return an address for display: without user, password and query (which contains keys).

    Cheap cameras have user and password in the path, and RTMP servers a key after the first part.
    """
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    _, at, host = authority.rpartition("@")
    # if a password contains an unescaped / ? or #, host and secret cannot be separated
    if "@" in behind or (not at and not re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host)):
        return f"{scheme}://{MASK}"
    path = re.split(r"[?#]", behind, maxsplit=1)[0]
    secret = (_RTMP_KEY if scheme.lower().startswith("rtmp") else _PATH_SECRET).search(path)
    return f"{scheme}://{host}{path[: secret.start()] + MASK if secret else path}"


def in_one_line(text: str) -> str:
    """Return a text with a space for each line break: file names and libraries contain some."""
    return " ".join(filter(None, map(str.strip, text.splitlines())))


def printable(text: object, most: int = 80) -> str:
    """Format text from a file for one line of a terminal: no control characters, limited length."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text)[:most])


def csv_text(text: str) -> str:
    r"""Format text from a file for a cell of a CSV file, so that no program acts on it.

    A control character becomes a backslash escape such as `\x1b`. A text that a spreadsheet could
    take for a formula gets an apostrophe in front, and so does one that begins with an apostrophe:
    the text is the cell without its first apostrophe.
    """
    text = _CELL_CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def unwritable(text: str, *, also: str = "") -> str | None:
    """Describe the first character that does not belong into a line of text; None for a good text.

    Others that Python calls not printable, such as the joiners of Persian words and of emoji, occur
    in correct names.

    Args:
        text: A name, or a text of several lines.
        also: Control characters that are allowed nevertheless.
    """
    for letter in text:
        kind = "Zl" if letter in _LINE_BREAKS else unicodedata.category(letter)
        if kind in _UNWRITABLE and letter not in also:
            return _UNWRITABLE[kind]
    return None
