"""What Home Assistant is told of a run, before it is put into its words."""

from dataclasses import dataclass

from ..web.address import WebAddress


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is told of a run.

    Attributes:
        prefix: Home Assistant's discovery prefix, `homeassistant` unless it was changed there.
        topic: The base topic.
        name: The device's name there.
        area: The area that is suggested for it.
        model: Name of the model that reads the faces.
        labels: Its expressions.
        expire_s: Seconds without a state after which entities count as unavailable.
        page: Where the live page is.
        can_pause: Whether reading can be paused.
        has_picture: Whether pictures are sent.
        has_temperature: Whether the processor's temperature is known.
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
