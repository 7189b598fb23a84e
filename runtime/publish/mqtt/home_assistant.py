"""The message that makes Home Assistant show fer-edge as a device.

The format is its device-based MQTT discovery (Home Assistant 2024.11 and later): one retained
message at `<prefix>/device/<id>/config` with a `device`, an `origin` and the `components`.
"""

import re
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from fer_edge import __version__
from fer_edge.loopback import is_loopback

from ..web.address import WebAddress
from .announcement import Announcement
from .entities import entities


def device_id(topic: str) -> str:
    """Return an ID that a topic keeps over restarts and new hardware: letters, digits, _ and -.

    Two topics never get the same ID: invalid characters are replaced and a digest is appended.
    """
    plain = re.sub(r"[^a-zA-Z0-9_-]+", "-", topic)
    return f"fer-edge-{plain[:60]}-{sha256(topic.encode()).hexdigest()[:6]}"


def device_name(topic: str) -> str:
    """Return a display name: `fer-edge home door` for home/door."""
    words = topic.replace("/", " ").split()
    return " ".join(words if words and words[0] == "fer-edge" else ["fer-edge", *words])


def discovery(announced: Announcement, own_host: str | None) -> tuple[str, dict[str, Any]]:
    """Create the discovery message.

    Args:
        announced: Data to announce.
        own_host: This machine's address as seen by the broker, for a link to the live page.

    Returns:
        Topic and payload of a retained message.
    """
    identity = device_id(announced.topic)
    device = {
        "identifiers": [identity],
        "name": announced.name,
        "manufacturer": "fer-edge",
        "model": announced.model,
        "sw_version": __version__,
        "suggested_area": announced.area,
        "configuration_url": _page_url(announced.page, own_host),
    }
    origin = {"name": "fer-edge", "sw_version": __version__, "support_url": _project_url()}
    return f"{announced.prefix}/device/{identity}/config", {
        "device": _without_none(device),
        "origin": _without_none(origin),
        "components": {
            key: {"unique_id": f"{identity}-{key}", **entity} if len(entity) > 1 else entity
            for key, entity in entities(announced).items()
        },
    }


def _page_url(page: WebAddress | None, own_host: str | None) -> str | None:
    """Return the page's address for Home Assistant's users; None if they cannot reach it."""
    if page is None or page.port == 0 or own_host is None:
        return None
    host = own_host if page.host in ("0.0.0.0", "::") else page.host
    if is_loopback(host) and not is_loopback(own_host):
        return None
    return WebAddress(host, page.port).url


def _project_url() -> str | None:
    """Return the first project URL of the installed package."""
    with suppress(PackageNotFoundError):
        for entry in metadata("fer-edge").get_all("Project-URL") or ():
            return str(entry).partition(",")[2].strip() or None
    return None


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
