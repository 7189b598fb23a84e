"""Address of a broker, and its form without secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fer_edge.errors import OutputError

PASSWORD_VARIABLE = "FER_EDGE_MQTT_PASSWORD"
NO_ADDRESS = (
    "--mqtt is not a valid broker address; expected mqtt://HOST/TOPIC, "
    "mqtt://USER:PASSWORD@HOST:PORT/TOPIC or mqtts://..., with / @ : # ? % in USER and PASSWORD "
    "written as %2F %40 %3A %23 %3F %25; or set the password in "
    f"{PASSWORD_VARIABLE}"
)
"""With the placeholders that `fer_edge.shown.masked` does not take for a password."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker and a topic. As text it has neither user nor password."""

    host: str
    port: int
    topic: str
    is_encrypted: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{'mqtts' if self.is_encrypted else 'mqtt'}://{_shown(self.host)}:{self.port}"


def parse_broker(url: str, environment: Mapping[str, str]) -> Broker:
    """Parse an address: mqtt[s]://[user[:password]@]host[:port]/topic.

    Args:
        url: Address; special characters in it are percent-encoded (/ is %2F, @ is %40).
        environment: Its FER_EDGE_MQTT_PASSWORD is the password if the address has none.

    Raises:
        OutputError: The address is invalid. The message does not repeat it, since it may contain a
            password.
    """
    if any(letter < " " or letter == "\x7f" for letter in url):
        raise OutputError(NO_ADDRESS)  # urlsplit would drop some: the password would be another
    try:
        url.encode()
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # same check as in the socket
        user = None if parts.username is None else unquote(parts.username, errors="strict")
        password = None if parts.password is None else unquote(parts.password, errors="strict")
        topic = unquote(parts.path, errors="strict").removeprefix("/")
    except ValueError:
        raise OutputError(NO_ADDRESS) from None  # its message may quote the password
    # an @ after the host is probably a password with an unescaped / in it: do not connect
    is_odd = "@" in parts.path or "?" in url or "#" in url
    if is_odd or not host or parts.scheme not in ("mqtt", "mqtts") or port == 0:
        raise OutputError(NO_ADDRESS)
    topic = topic.removesuffix("/")
    if not is_topic(topic):
        raise OutputError(
            f"--mqtt needs a topic after {_shown(host)}, without + and # and not starting with $; "
            f"try {parts.scheme}://{_shown(host)}/fer-edge"
        )
    password = password or environment.get(PASSWORD_VARIABLE) or None
    if password and not user:
        raise OutputError(
            "--mqtt has a password but no user; expected "
            f"{parts.scheme}://USER:PASSWORD@{_shown(host)}/{topic}, or only USER@ with the "
            f"password in {PASSWORD_VARIABLE}"
        )
    secure = parts.scheme == "mqtts"
    return Broker(host, port or (8883 if secure else 1883), topic, secure, user, password)


def is_topic(text: str) -> bool:
    """Return whether states can be published below a topic: no wildcards, not the broker's own."""
    is_plain = text.isprintable() and not set(text) & {"+", "#"}
    return is_plain and not text.startswith("$") and 0 < len(text) <= 1000


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
