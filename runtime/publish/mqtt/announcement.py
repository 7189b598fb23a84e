"""Data about a run for Home Assistant, independent of its message format."""

from dataclasses import dataclass

from ..web.address import WebAddress


@dataclass(frozen=True, slots=True)
class Announcement:
    """Data to announce about a run.

    Attributes:
        prefix: Home Assistant's discovery prefix, by default `homeassistant`.
        topic: Base topic.
        name: Name of the device.
        area: Suggested area of the device.
        model: Name of the expression model.
        labels: Expressions of the model.
        expire_s: Seconds without a state after which entities are unavailable.
        page: Address of the live page.
        can_pause: Whether the source can be paused.
        has_picture: Whether pictures are sent.
        has_temperature: Whether the processor temperature is known.
    """

    prefix: str
    topic: str
    name: str
    model: str
    labels: tuple[str, ...]
    expire_s: int
    area: str | None = None
    page: WebAddress | None = None
    can_pause: bool = False
    has_picture: bool = False
    has_temperature: bool = False
