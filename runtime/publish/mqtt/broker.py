"""A broker's address, and what may be shown of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fer_edge.errors import OutputError

PASSWORD_VARIABLE = "FER_EDGE_MQTT_PASSWORD"
NO_ADDRESS = (
    "--mqtt is not a broker's address; expected mqtt://[user[:password]@]host[:port]/topic or "
    "mqtts://..., with / @ : # ? % in user and password as %2F %40 %3A %23 %3F %25; or "
    f"pass the password in {PASSWORD_VARIABLE}"
)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where states go. As text it has neither user nor password."""

    host: str
    port: int
    topic: str
    is_encrypted: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.is_encrypted else 'mqtt'}://{host}:{self.port}"


def parse_broker(url: str, environment: Mapping[str, str]) -> Broker:
    """Take an address apart: mqtt[s]://[user[:password]@]host[:port]/topic.

    Args:
        url: The address; what has a meaning in it is percent-encoded (/ is %2F, @ is %40).
        environment: Its FER_EDGE_MQTT_PASSWORD is the password where the address has none.

    Raises:
        OutputError: It is not such an address. The message does not repeat it: it may hold a
            password.
    """
    try:
        url.encode()
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # as the socket will do
        user = None if parts.username is None else unquote(parts.username, errors="strict")
        password = None if parts.password is None else unquote(parts.password, errors="strict")
        topic = unquote(parts.path, errors="strict").removeprefix("/")
    except ValueError:
        raise OutputError(NO_ADDRESS) from None  # its text may quote the password
    # an @ behind the host is most likely a password with a bare / in it: never connect with that
    is_odd = "@" in parts.path or "?" in url or "#" in url
    if is_odd or not host or parts.scheme not in ("mqtt", "mqtts") or port == 0:
        raise OutputError(NO_ADDRESS)
    topic = topic.removesuffix("/")
    if not is_topic(topic):
        raise OutputError(
            f"--mqtt needs a topic behind {host}, without + # and no $ in front; "
            f"try mqtt://{host}/fer-edge"
        )
    password = password or environment.get(PASSWORD_VARIABLE) or None
    if password and not user:
        raise OutputError(f"--mqtt has a password and no user; write mqtt://user@{host}/{topic}")
    secure = parts.scheme == "mqtts"
    return Broker(host, port or (8883 if secure else 1883), topic, secure, user, password)


def is_topic(text: str) -> bool:
    """Return whether states can be published below a topic: no wildcard, not the broker's own."""
    is_plain = text.isprintable() and not set(text) & {"+", "#"}
    return is_plain and not text.startswith("$") and 0 < len(text) <= 1000
